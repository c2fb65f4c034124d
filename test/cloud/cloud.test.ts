// A cloud in a box: phones in three places call each other through Viaduct behind a 1:1 NAT, with the printed address
// configured at each level in turn, and a witness watches what is printed where.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BaresipCall, baresipCall, silentSoftphones } from './baresip.ts';
import { ADVERTISINGS, CloudServer, makeUsers } from './cloud-server.ts';
import { CALLS, FEW_CALLS, FIRST_MEDIA_PORT, makeCalls, PASSWORD, party, table, USERS } from './matrix.ts';
import { MEDIA_PORTS_EACH, SERVER_FOR } from './phones.ts';
import { RELAYINGS, RelayMachine } from './relays.ts';
import { missingRequirement, noteSkipped } from './requirements.ts';
import { describeViolation } from './rules.ts';
import { missingProgram } from './sandbox.ts';
import { silences } from './sound.ts';
import { Topology } from './topology.ts';
import { type Evidence, Witness } from './witness.ts';

const reason = missingRequirement(['sipp', 'dumpcap']);
if (reason !== undefined) noteSkipped('The cloud in a box', reason);
const noBaresip = missingProgram(['baresip']) && 'baresip is not installed';
if (reason === undefined && noBaresip) noteSkipped('The calls between softphones', noBaresip);

const tables: string[] = [];
let folder = '';
let net: Topology;

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

/** What broke the rules, the first of each kind and header in full, so that the log stays readable. */
function complaints({ violations, hairpins }: Evidence): string[] {
  const byRule = Map.groupBy(violations, ({ rule, header }) => `${rule} ${header}`);
  const told = [...byRule.values()].map((all) => `${all.length} × ${describeViolation(all[0]!)}`);
  if (hairpins.fromServer > 0) told.push(`${hairpins.fromServer} packets of the server died at the NAT`);
  if (hairpins.fromPhone > 0) told.push(`${hairpins.fromPhone} packets of the VPC phone died at the NAT`);
  return told;
}

describe.skipIf(reason !== undefined)('the cloud in a box', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'viaduct-cloud-'));
    net = await Topology.make();
    await makeUsers(join(folder, 'users'), [...USERS, 'alice', 'bob'], PASSWORD);
  });

  afterAll(async () => {
    await net?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
    if (tables.length > 0) say(`\n${tables.join('\n\n')}\n`);
  });

  it.each(ADVERTISINGS)('carries every call with every address right: $name', async (advertising) => {
    const own = join(folder, advertising.name.replaceAll(' ', '-'));
    await using server = await CloudServer.start(net, advertising, own, join(folder, 'users'));
    const witness = await Witness.watch(net, own);
    const outcomes = await makeCalls(net, join(own, 'calls'));
    const evidence = await witness.end();
    tables.push(table(`Calls with the address from the ${advertising.name}`, outcomes));
    const failed = outcomes.filter(({ ok }) => !ok).map(({ plan, trouble }) => `${plan.name}: ${trouble}`);
    if (failed.length > 0) say(`server log:\n${server.log().slice(-8000)}`);
    expect(failed).toEqual([]);
    expect(complaints(evidence)).toEqual([]);
    expect(silences(CALLS, evidence)).toEqual([]);
    expect(evidence.messages.length).toBeGreaterThan(outcomes.length);
  });

  it.each(RELAYINGS)('carries sound through $name', async (relaying) => {
    const own = join(folder, relaying.name.replaceAll(' ', '-'));
    await using relay = relaying.apart && (await RelayMachine.start(net, relaying.apart));
    const advertising = { ...ADVERTISINGS[0]!, lines: relaying.lines };
    await using server = await CloudServer.start(net, advertising, own, join(folder, 'users'));
    const witness = await Witness.watch(net, own);
    const outcomes = await makeCalls(net, join(own, 'calls'), FEW_CALLS);
    const evidence = await witness.end();
    const failed = outcomes.filter(({ ok }) => !ok).map(({ plan, trouble }) => `${plan.name}: ${trouble}`);
    if (failed.length > 0) say(`${server.log().slice(-8000)}\n${relay?.log().slice(-4000)}`);
    // Which is what it says of itself where it cannot do as it is told.
    expect(server.log()).not.toContain('packets take the');
    expect(failed).toEqual([]);
    expect(complaints(evidence)).toEqual([]);
    expect(silences(FEW_CALLS, evidence)).toEqual([]);
  });

  it.skipIf(noBaresip)('contents a softphone at home and one in the cloud, either way', async () => {
    const own = join(folder, 'softphones');
    await using server = await CloudServer.start(net, ADVERTISINGS[0]!, own, join(folder, 'users'));
    const witness = await Witness.watch(net, own);
    const troubles: string[] = [];
    const calls: BaresipCall[] = [];
    for (const transport of ['udp', 'tcp'] as const) {
      for (const [from, to] of [['home', 'vpcphone'] as const, ['vpcphone', 'home'] as const]) {
        const parties = { caller: party('alice', 'bob'), callee: party('bob', 'alice') };
        const media = FIRST_MEDIA_PORT + MEDIA_PORTS_EACH * calls.length;
        const call = { transport, from, to, ...parties, port: 5070, media, serverFor: SERVER_FOR };
        calls.push(call);
        const trouble = await baresipCall(net, call, join(own, `${transport}-${from}`));
        if (trouble !== '') troubles.push(`${transport} ${from} > ${to}: ${trouble}`);
      }
    }
    const evidence = await witness.end();
    if (troubles.length > 0) say(`server log:\n${server.log().slice(-8000)}`);
    expect(troubles).toEqual([]);
    expect(complaints(evidence)).toEqual([]);
    expect(silentSoftphones(calls, evidence)).toEqual([]);
  });
});
