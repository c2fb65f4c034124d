// npm run bench: what one call costs in processor time, Viaduct and its peers side by side on this machine.
//   --rates 1000,2000,3000   calls per second      --runs 3   measured stretches of which the median counts
//   --seconds 4              of each stretch       --warm 4   seconds before the first
//   --only viaduct           some of the servers (viaduct, kamailio, opensips)
//   --json FILE              also writes the results there
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { kamailio, opensips, type Peer, PORT, viaduct } from './peers.ts';
import { ServerUnderTest } from './server-under-test.ts';
import { loadReason, type RunSummary, runLoad, type Stretch } from './sipload.ts';

const SERVER_CORE = 0;
const LOAD_CORE = 1;

interface Result {
  readonly server: string;
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
    json: { type: 'string' },
  },
});

const round = (value: number, digits = 1): number => Number(value.toFixed(digits));

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Before anything is measured: does the server route as the scenario wants? @throws Error where it does not */
async function verify(peer: Peer): Promise<void> {
  await using server = await ServerUnderTest.start(peer, SERVER_CORE);
  const load = { pids: server.pids(), port: PORT, cps: 50, warmSeconds: 1, seconds: 1, runs: 1, check: true };
  const { summary } = await runLoad(load, LOAD_CORE);
  const { calls, lost, bad, acks } = summary;
  if (lost > 0 || bad > 0 || acks !== calls) {
    throw new Error(`${peer.name} does not route as it should: ${JSON.stringify(summary)}`);
  }
}

async function measure(peer: Peer, cps: number): Promise<Result> {
  await using server = await ServerUnderTest.start(peer, SERVER_CORE);
  const [runs, seconds, warmSeconds] = [Number(values.runs), Number(values.seconds), Number(values.warm)];
  const load = { pids: server.pids(), port: PORT, cps, warmSeconds, seconds, runs };
  return resultOf(peer, cps, await runLoad(load, LOAD_CORE));
}

function resultOf(peer: Peer, cps: number, run: { stretches: Stretch[]; summary: RunSummary }): Result {
  const { stretches, summary } = run;
  const perCall = (of: (stretch: Stretch) => number): number =>
    round(median(stretches.map((stretch) => of(stretch) / stretch.done)));
  return {
    server: peer.name,
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

/** Sets each result beside the others of its rate. */
function compare(results: readonly Result[]): Result[] {
  return results.map((result) => {
    const others = results.filter(({ cps, server }) => cps === result.cps && server !== result.server);
    const ratio = Object.fromEntries(
      others.map(({ server, usPerCall }) => [server, round(result.usPerCall / usPerCall, 2)]),
    );
    return { ...result, ratio };
  });
}

function table(results: readonly Result[]): string {
  const titles = ['calls/s', 'server', 'µs/call', 'user', 'sys', 'ms/call', 'lost', 'MB', 'ratio'];
  const rows = results.map((result) => [
    String(result.cps),
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
  const all = [titles, ...rows];
  const widths = titles.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

async function bench(): Promise<void> {
  const wanted = values.only?.toLowerCase().split(',');
  const peers = [viaduct(), kamailio(), opensips()]
    .filter((peer) => peer !== undefined)
    .filter(({ name }) => wanted?.includes(name.toLowerCase()) ?? true);
  for (const { name, version, flags } of peers) console.log(`${name}: ${version} (${flags})`);
  for (const peer of peers) await verify(peer);
  const results: Result[] = [];
  for (const cps of values.rates.split(',').map(Number)) {
    for (const peer of peers) {
      const result = await measure(peer, cps);
      results.push(result);
      console.log(`${cps} calls/s, ${peer.name}: ${result.usPerCall} µs per call`);
    }
  }
  const compared = compare(results);
  console.log(`\n${table(compared)}\n`);
  const report = {
    scenario:
      'stateful record-routed calls on UDP loopback: INVITE 100 180 200 ACK BYE 200; one core, one worker',
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
  await bench();
} else {
  console.error(`The bench cannot run: ${reason}`);
  process.exitCode = 1;
}
