// The cloud in a box with the server run by opensips.cfg, as operators bring it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CloudServer, makeUsers } from './cloud-server.ts';
import { CALLS, makeCalls, PASSWORD, USERS } from './matrix.ts';
import { missingRequirement, noteSkipped } from './requirements.ts';
import { describeViolation, type Violation } from './rules.ts';
import { SEED_SCRIPTS } from './seed-scripts.ts';
import { silences } from './sound.ts';
import { Topology } from './topology.ts';
import { Witness } from './witness.ts';

const reason = missingRequirement(['sipp', 'dumpcap']);
if (reason !== undefined) noteSkipped('The cloud in a box with OpenSIPS scripts', reason);

/** All pairs of places: calls with a re-INVITE, calls given up, and over TCP calls that the callee ends. */
const PLANS = CALLS.filter(
  ({ transport, flow }) =>
    (transport === 'udp' && (flow === 're-invite' || flow === 'cancel')) ||
    (transport === 'tcp' && flow === 'callee-hangs-up'),
);

/**
 * A script hides what it says, as by topology_hiding, and these say nothing of the kind: Contact and Via of the phones stay
 * what they are, and so does the half of a double Record-Route that speaks for the other side.
 */
function isOpenSecret({ rule, header, why }: Violation): boolean {
  return (
    rule === 'phone-private-address' ||
    (rule === 'server-private-address' && /^(?:Record-)?Route$/.test(header) && why.includes('r2=on'))
  );
}

let folder = '';
let net: Topology;

describe.skipIf(reason !== undefined)('the cloud in a box with opensips.cfg', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'viaduct-scripts-'));
    net = await Topology.make();
    await makeUsers(join(folder, 'users'), USERS, PASSWORD);
  });

  afterAll(async () => {
    await net?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(SEED_SCRIPTS)('carries calls with the address from: $name', async ({ name, text, forcedMedia }) => {
    const own = join(folder, name.replaceAll(' ', '-'));
    // Who is told the public address although it is beside the server sends its sound against the NAT.
    const plans =
      forcedMedia === undefined
        ? PLANS
        : PLANS.filter(({ from, to }) => from !== 'vpcphone' && to !== 'vpcphone');
    const how = { name, as: false, lines: [], script: text };
    await using server = await CloudServer.start(net, how, own, join(folder, 'users'));
    const witness = await Witness.watch(net, own);
    const outcomes = await makeCalls(net, join(own, 'calls'), plans);
    const evidence = await witness.end();
    const failed = outcomes.filter(({ ok }) => !ok).map(({ plan, trouble }) => `${plan.name}: ${trouble}`);
    if (failed.length > 0) process.stdout.write(`server log:\n${server.log().slice(-8000)}\n`);
    expect(failed).toEqual([]);
    const violations = evidence.violations.filter((it) => !isOpenSecret(it));
    expect(violations.map(describeViolation).slice(0, 5)).toEqual([]);
    expect(evidence.hairpins).toEqual({ fromServer: 0, fromPhone: 0 });
    expect(silences(plans, evidence)).toEqual([]);
  });
});
