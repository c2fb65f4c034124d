// A real name server on the Internet of the cloud in a box: calls to a carrier are placed by NAPTR, SRV and addresses,
// pass over what is dead, and go on when the name server does not.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNsdFiles } from '../dns/nsd.ts';
import { ANSWERING_PORT, SILENT_PORT } from './carrier.ts';
import { type Advertising, CloudServer, makeUsers } from './cloud-server.ts';
import { DOMAIN, PASSWORD } from './matrix.ts';
import { type Ended, PhoneHouse } from './phone-houses.ts';
import { missingRequirement, noteSkipped } from './requirements.ts';
import { describeViolation, violationsOf } from './rules.ts';
import { stop } from './sandbox.ts';
import { headers, methodOf, type SeenMessage } from './seen-message.ts';
import { ADDRESS, Topology } from './topology.ts';

const NAME_SERVER = '192.0.2.1'; // the router `internet`
const START_LIMIT_MS = 10_000;
const POLL_MS = 50;

// Only the NAPTR record tells where the SRV records are.
const zone = (origin: string, records: string): string => `$ORIGIN ${origin}.
$TTL 300
@ IN SOA ns dns 1 3600 600 86400 60
@ IN NS ns
ns IN A ${NAME_SERVER}
@ IN NAPTR 50 50 "s" "SIP+D2U" "" _sip._udp.edge
${records}
`;
const GATEWAY = `gateway IN A ${ADDRESS.phone}`;
const ZONES: Readonly<Record<string, string>> = {
  'carrier.example': zone(
    'carrier.example',
    `_sip._udp.edge IN SRV 10 0 ${ANSWERING_PORT} gateway\n${GATEWAY}`,
  ),
  'six.example': zone(
    'six.example',
    `_sip._udp.edge IN SRV 10 0 ${ANSWERING_PORT} gateway\ngateway IN AAAA ${ADDRESS.phone6}`,
  ),
  'failing.example': zone(
    'failing.example',
    `_sip._udp.edge IN SRV 10 0 ${SILENT_PORT} gateway
_sip._udp.edge IN SRV 20 0 ${ANSWERING_PORT} gateway
${GATEWAY}`,
  ),
  'late.example': zone('late.example', `_sip._udp.edge IN SRV 10 0 ${ANSWERING_PORT} gateway\n${GATEWAY}`),
};

const SERVER: Advertising = {
  name: 'names',
  as: true,
  lines: [`dns: { servers: ["${NAME_SERVER}"], timeout: 500ms, deadline: 2s }`, 'timers: { nextHop: 500ms }'],
  routes: fileURLToPath(new URL('carrier-routes.ts', import.meta.url)),
};

const reason = missingRequirement(['nsd']);
if (reason !== undefined) noteSkipped('The cloud in a box with a name server', reason);

let folder = '';
let net: Topology;
let nsd: ChildProcess;
let carrier: ChildProcess;
let phones: PhoneHouse;
let server: CloudServer;
let calls = 0;
const heard: SeenMessage[] = []; // by the carrier

async function startNsd(): Promise<void> {
  const zones = join(folder, 'nsd');
  await mkdir(zones);
  const config = writeNsdFiles(zones, `${NAME_SERVER}@53`, ZONES);
  nsd = net.spawn('internet', ['nsd', '-d', '-c', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const output of [nsd.stdout, nsd.stderr]) output?.on('data', (text: Buffer) => (said += text));
  // 192.0.2.1:53 as /proc/net/udp writes it. A question that comes before NSD reads waits in the socket.
  for (
    let waited = 0;
    !net.run('internet', 'cat /proc/net/udp').includes('010200C0:0035');
    waited += POLL_MS
  ) {
    if (nsd.exitCode !== null || waited > START_LIMIT_MS) throw new Error(`nsd does not listen:\n${said}`);
    await wait(POLL_MS);
  }
}

async function startCarrier(): Promise<void> {
  const file = fileURLToPath(new URL('carrier.ts', import.meta.url));
  carrier = net.spawn('phone', [process.execPath, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: carrier.stdout! });
  await once(lines, 'line');
  lines.on('line', (line) => heard.push(JSON.parse(line) as SeenMessage));
}

/** What the caller in the VPC heard, as a witness on its link. */
function seenByCaller({ heard: messages }: Ended): SeenMessage[] {
  const caller = { address: ADDRESS.vpcphone, port: 0 };
  const other = { address: ADDRESS.server, port: 5060 };
  return messages.map(({ sent, time, text }) => {
    const [from, to] = sent ? [caller, other] : [other, caller];
    return {
      link: 'vpc',
      time,
      transport: 'udp',
      source: from.address,
      sourcePort: from.port,
      destination: to.address,
      destinationPort: to.port,
      text,
    };
  });
}

/** Calls from the VPC, talks and hangs up. */
async function call(name: string): Promise<{ trouble: string; atCarrier: SeenMessage[]; broken: string[] }> {
  const callId = `to-${name}-${++calls}`;
  const before = net.hairpins();
  const ended = await phones.play({
    side: 'caller',
    flow: 'caller-hangs-up',
    name: callId,
    who: { user: 'alice', peer: name, domain: DOMAIN, password: PASSWORD },
    leg: { transport: 'udp', local: ADDRESS.vpcphone, address: ADDRESS.server, port: 5060 },
  }).ended;
  expect(net.hairpins()).toEqual(before);
  // An INVITE without any answer cannot be cancelled (RFC 3261 §9.1): those of earlier calls may still be repeated.
  const atCarrier = heard.filter((it) => headers(it, 'call-id')[0] === callId);
  const seen = [...atCarrier, ...seenByCaller(ended)].sort((a, b) => a.time - b.time);
  return { trouble: ended.trouble, atCarrier, broken: violationsOf(seen).map(describeViolation) };
}

const SENT_BY_HOST = /^SIP\/2\.0\/UDP (\[[^\]]+\]|[^\s;:]+)/;
const ways = (messages: readonly SeenMessage[]): string[] => [
  ...new Set(
    messages.map((it) => {
      const via = SENT_BY_HOST.exec(headers(it, 'via')[0]!)?.[1];
      return `${methodOf(it)} ${via} > ${it.destination} ${it.destinationPort}`;
    }),
  ),
];
const branches = (messages: readonly SeenMessage[], port: number): Set<string | undefined> =>
  new Set(
    messages
      .filter((it) => methodOf(it) === 'INVITE' && it.destinationPort === port)
      .map((it) => /;branch=([^;]+)/.exec(headers(it, 'via')[0]!)?.[1]),
  );
const wholeCall = (via: string, address: string): string[] =>
  ['INVITE', 'ACK', 'BYE'].map((method) => `${method} ${via} > ${address} ${ANSWERING_PORT}`);

describe.skipIf(reason !== undefined)('the cloud in a box with a name server', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'viaduct-names-'));
    net = await Topology.make();
    await startNsd();
    await startCarrier();
    phones = new PhoneHouse(net, 'vpcphone');
    await makeUsers(join(folder, 'users'), ['alice'], PASSWORD);
    server = await CloudServer.start(net, SERVER, join(folder, 'server'), join(folder, 'users'));
  });

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await phones?.[Symbol.asyncDispose]();
    await net?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('places calls by NAPTR, SRV and A, and by AAAA', async () => {
    const four = await call('carrier.example');
    expect(four).toMatchObject({ trouble: '', broken: [] });
    expect(ways(four.atCarrier)).toEqual(wholeCall(ADDRESS.serverPublic, ADDRESS.phone));
    const six = await call('six.example');
    expect(six).toMatchObject({ trouble: '', broken: [] });
    expect(ways(six.atCarrier)).toEqual(wholeCall(`[${ADDRESS.server6}]`, ADDRESS.phone6));
  });

  it('passes over a dead target with a new branch and the right address', async () => {
    const { trouble, broken, atCarrier } = await call('failing.example');
    expect({ trouble, broken }).toEqual({ trouble: '', broken: [] });
    expect(ways(atCarrier.filter((it) => methodOf(it) !== 'CANCEL'))).toEqual([
      `INVITE ${ADDRESS.serverPublic} > ${ADDRESS.phone} ${SILENT_PORT}`,
      ...wholeCall(ADDRESS.serverPublic, ADDRESS.phone),
    ]);
    const [dead, alive] = [branches(atCarrier, SILENT_PORT), branches(atCarrier, ANSWERING_PORT)];
    expect([dead.size, alive.size]).toEqual([1, 1]);
    expect(dead).not.toEqual(alive);
  });

  it('goes on with what it knows when the name server is gone, and says no to what it does not', async () => {
    await stop(nsd);
    expect(net.run('internet', 'cat /proc/net/udp')).not.toContain('010200C0:0035');
    const known = await call('carrier.example');
    expect(known).toMatchObject({ trouble: '', broken: [] });
    expect(ways(known.atCarrier)).toEqual(wholeCall(ADDRESS.serverPublic, ADDRESS.phone));
    const unknown = await call('late.example');
    // The caller's first words of trouble are what it got instead.
    expect(unknown.trouble).toMatch(/waits for 200 to INVITE and gets 480 /);
    expect(unknown.atCarrier).toEqual([]);
  });
});
