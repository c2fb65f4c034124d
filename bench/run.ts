// npm run bench: what one call costs in processor time, Viaduct and its peers side by side on this machine.
//   --rates 1000,2000,3000   calls per second      --runs 3   measured stretches of which the median counts
//   --seconds 4              of each stretch       --warm 4   seconds before the first
//   --only viaduct           some of the servers (viaduct, kamailio, opensips)
//   --transports udp,tcp,tls  what carries the calls; OpenSIPS is measured on UDP alone
//   --stream-rate 500        calls per second over TCP and TLS, whose generator is a lighter one
//   --json FILE              also writes the results there
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type BenchTransport,
  CERTIFICATE_FILES,
  kamailio,
  opensips,
  type Peer,
  PORT,
  viaduct,
  viaductScript,
} from './peers.ts';
import { ServerUnderTest } from './server-under-test.ts';
import { type Load, loadReason, type RunSummary, runLoad, runStreamLoad, type Stretch } from './sipload.ts';
import { textTable } from './text-table.ts';

const SERVER_CORE = 0;
const LOAD_CORE = 1;
const TRANSPORTS: readonly BenchTransport[] = ['udp', 'tcp', 'tls'];

interface Result {
  readonly server: string;
  readonly transport: BenchTransport;
  readonly cps: number;
  readonly usPerCall: number;
  readonly userUsPerCall: number;
  readonly systemUsPerCall: number;
  readonly latencyMs: number;
  readonly lost: number;
  readonly calls: number;
  readonly memoryMb: number;
  readonly ratio: Record<string, number>; // to each other server at this rate: below 1 is cheaper
}

const { values } = parseArgs({
  options: {
    rates: { type: 'string', default: '1000,2000,3000' },
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    warm: { type: 'string', default: '4' },
    only: { type: 'string' },
    transports: { type: 'string', default: 'udp,tcp,tls' },
    'stream-rate': { type: 'string', default: '500' },
    json: { type: 'string' },
  },
});

// What the callee shows over TLS.
const folder = mkdtempSync(join(tmpdir(), 'viaduct-bench-'));
const credentials = Object.entries(CERTIFICATE_FILES).map(([name, text]) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
});

const round = (value: number, digits = 1): number => Number(value.toFixed(digits));

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Before anything is measured: does the server route as the scenario wants? @throws Error where it does not */
async function verify(peer: Peer, transport: BenchTransport): Promise<void> {
  await using server = await ServerUnderTest.start(peer, SERVER_CORE);
  const load = { pids: server.pids(), port: PORT, cps: 50, warmSeconds: 1, seconds: 1, runs: 1, check: true };
  const { summary } = await drive(transport, load);
  const { calls, lost, bad, acks } = summary;
  if (lost > 0 || bad > 0 || acks !== calls) {
    throw new Error(`${peer.name} does not route as it should: ${JSON.stringify(summary)}`);
  }
}

function drive(transport: BenchTransport, load: Load): ReturnType<typeof runLoad> {
  if (transport === 'udp') return runLoad(load, LOAD_CORE);
  const [certificate, key] = credentials;
  return runStreamLoad({ ...load, transport, certificate: certificate!, key: key! }, LOAD_CORE);
}

async function measure(peer: Peer, transport: BenchTransport, cps: number): Promise<Result> {
  await using server = await ServerUnderTest.start(peer, SERVER_CORE);
  const [runs, seconds, warmSeconds] = [Number(values.runs), Number(values.seconds), Number(values.warm)];
  const load = { pids: server.pids(), port: PORT, cps, warmSeconds, seconds, runs };
  return resultOf(peer, transport, cps, await drive(transport, load));
}

function resultOf(
  peer: Peer,
  transport: BenchTransport,
  cps: number,
  run: { stretches: Stretch[]; summary: RunSummary },
): Result {
  const { stretches, summary } = run;
  const perCall = (of: (stretch: Stretch) => number): number =>
    round(median(stretches.map((stretch) => of(stretch) / stretch.done)));
  return {
    server: peer.name,
    transport,
    cps,
    usPerCall: perCall(({ cpuUs }) => cpuUs),
    userUsPerCall: perCall(({ userUs }) => userUs),
    systemUsPerCall: perCall(({ systemUs }) => systemUs),
    latencyMs: round(median(stretches.map(({ latencyMs }) => latencyMs)), 2),
    lost: summary.lost,
    calls: summary.calls,
    memoryMb: round(summary.pssKb / 1024),
    ratio: {},
  };
}

/** Sets each result beside the others of its transport and rate. */
function compare(results: readonly Result[]): Result[] {
  return results.map((result) => {
    const others = results.filter(
      ({ cps, server, transport }) =>
        cps === result.cps && transport === result.transport && server !== result.server,
    );
    const ratio = Object.fromEntries(
      others.map(({ server, usPerCall }) => [server, round(result.usPerCall / usPerCall, 2)]),
    );
    return { ...result, ratio };
  });
}

function table(results: readonly Result[]): string {
  const titles = ['calls/s', 'over', 'server', 'µs/call', 'user', 'sys', 'ms/call', 'lost', 'MB', 'ratio'];
  const rows = results.map((result) => [
    String(result.cps),
    result.transport,
    result.server,
    result.usPerCall.toFixed(1),
    result.userUsPerCall.toFixed(1),
    result.systemUsPerCall.toFixed(1),
    result.latencyMs.toFixed(2),
    `${result.lost}/${result.calls}`,
    result.memoryMb.toFixed(1),
    Object.entries(result.ratio)
      .map(([server, ratio]) => `${ratio.toFixed(2)} × ${server}`)
      .join(', '),
  ]);
  return textTable(titles, rows);
}

async function bench(): Promise<void> {
  const wanted = values.only?.toLowerCase().split(',');
  const peersOn = (transport: BenchTransport): Peer[] =>
    [
      viaduct(transport),
      ...(transport === 'udp' ? [viaductScript()] : []),
      kamailio(transport),
      transport === 'udp' ? opensips() : undefined,
    ]
      .filter((peer) => peer !== undefined)
      .filter(({ name }) => wanted?.includes(name.toLowerCase()) ?? true);
  const peers = peersOn('udp');
  for (const { name, version, flags } of peers) console.log(`${name}: ${version} (${flags})`);
  const results: Result[] = [];
  for (const transport of TRANSPORTS.filter((it) => values.transports.split(',').includes(it))) {
    const measured = peersOn(transport);
    for (const { name } of peers) {
      if (!measured.some((peer) => peer.name === name))
        console.log(`${name} is not measured over ${transport}`);
    }
    for (const peer of measured) await verify(peer, transport);
    const rates = transport === 'udp' ? values.rates : values['stream-rate'];
    for (const cps of rates.split(',').map(Number)) {
      for (const peer of measured) {
        const result = await measure(peer, transport, cps);
        results.push(result);
        console.log(`${cps} calls/s over ${transport}, ${peer.name}: ${result.usPerCall} µs per call`);
      }
    }
  }
  const compared = compare(results);
  console.log(`\n${table(compared)}\n`);
  const report = {
    scenario:
      'stateful record-routed calls on loopback, over UDP or over open connections: INVITE 100 180 200 ACK BYE 200; one core, one worker',
    machine: { processor: cpus()[0]?.model, kernel: release(), governor: governor() },
    runs: Number(values.runs),
    seconds: Number(values.seconds),
    servers: peers.map(({ name, version, flags }) => ({ name, version, flags })),
    results: compared,
  };
  console.log(JSON.stringify(report));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}

/** Governor of the server's core where the machine has one: a sleepy one inflates every figure. */
function governor(): string {
  try {
    return readFileSync(`/sys/devices/system/cpu/cpu${SERVER_CORE}/cpufreq/scaling_governor`, 'utf8').trim();
  } catch {
    return 'no frequency scaling';
  }
}

const reason = availableParallelism() < 2 ? 'two processor cores are needed' : loadReason();
if (reason === undefined) {
  try {
    await bench();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
} else {
  console.error(`The bench cannot run: ${reason}`);
  process.exitCode = 1;
}
