// npm run bench:media: what one packet of a call costs in processor time, Viaduct's paths and other relays side by side.
//   --calls 100,500,1000     two-way calls at a time: each is a packet of G.711 in 20 ms each way
//   --runs 3                 measured stretches of which the median counts
//   --seconds 5              of each stretch       --warm 6   seconds before the first, in which relays learn
//   --only direct,kernel     some of direct, plain, plain-node, rtpproxy, portable, accelerated, kernel
//   --json FILE              also writes the results there
// "direct" is the same traffic without a relay, forwarded by the kernel: the floor. Delays are above its.
// rtpproxy is measured where RTPPROXY_BIN names a build.
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { parseArgs } from 'node:util';
import { missingRequirement } from '../test/cloud/requirements.ts';
import { MediaLab, type MediaStretch } from './media-lab.ts';
import { DIRECT, relaysUnderTest } from './media-peers.ts';
import { textTable } from './text-table.ts';

const RELAY_CORE = 0;
const LOAD_CORE = 1;

interface Result {
  readonly relay: string;
  readonly calls: number;
  readonly usPerPacket: number;
  readonly ownUsPerPacket: number; // of the relay's processes
  readonly kernelUsPerPacket: number; // of the kernel for packets, outside of them
  readonly lossPercent: number;
  readonly delayMs: { readonly p50: number; readonly p99: number };
  readonly addedMs: { readonly p50: number; readonly p99: number } | undefined; // to the direct way
  readonly lateTicks: number;
  readonly ratio: Record<string, number>; // to each other relay with as many calls: below 1 is cheaper
}

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '100,500,1000' },
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    warm: { type: 'string', default: '6' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function resultOf(relay: string, calls: number, stretches: readonly MediaStretch[]): Result {
  const over = (of: (it: MediaStretch) => number, digits: number): number =>
    round(median(stretches.map(of)), digits);
  const wrong = stretches.reduce((sum, { wrongSource }) => sum + wrongSource, 0);
  if (wrong > 0) throw new Error(`${relay}: ${wrong} packets came from another address than answered`);
  return {
    relay,
    calls,
    usPerPacket: over(({ cpuUs, softirqUs, received }) => (cpuUs + softirqUs) / received, 2),
    ownUsPerPacket: over(({ cpuUs, received }) => cpuUs / received, 2),
    kernelUsPerPacket: over(({ softirqUs, received }) => softirqUs / received, 2),
    lossPercent: over(({ sent, received }) => 100 * (1 - received / sent), 3),
    delayMs: {
      p50: over(({ delayUs }) => delayUs.p50 / 1000, 3),
      p99: over(({ delayUs }) => delayUs.p99 / 1000, 3),
    },
    addedMs: undefined,
    lateTicks: stretches.reduce((sum, { lateTicks }) => sum + lateTicks, 0),
    ratio: {},
  };
}

/** Sets each result beside the others with as many calls. */
function compare(results: readonly Result[]): Result[] {
  return results.map((result) => {
    const others = results.filter(({ calls, relay }) => calls === result.calls && relay !== result.relay);
    const floor = others.find(({ relay }) => relay === DIRECT)?.delayMs;
    const ratio = Object.fromEntries(
      others.map(({ relay, usPerPacket }) => [relay, round(result.usPerPacket / usPerPacket, 2)]),
    );
    const { p50, p99 } = result.delayMs;
    const addedMs = floor && { p50: round(p50 - floor.p50, 3), p99: round(p99 - floor.p99, 3) };
    return { ...result, ratio, addedMs };
  });
}

function table(results: readonly Result[]): string {
  const titles = ['calls', 'relay', 'µs/packet', 'own', 'kernel', 'lost %', '+p50 ms', '+p99 ms', 'ratio to'];
  const references = [DIRECT, 'plain', 'plain-node', 'rtpproxy'];
  const rows = results.map(({ relay, calls, ratio, ...it }) => [
    String(calls),
    relay,
    it.usPerPacket.toFixed(2),
    it.ownUsPerPacket.toFixed(2),
    it.kernelUsPerPacket.toFixed(2),
    it.lossPercent.toFixed(2),
    it.addedMs?.p50.toFixed(2) ?? '',
    it.addedMs?.p99.toFixed(2) ?? '',
    references.flatMap((name) => (ratio[name] === undefined ? [] : [`${name} ${ratio[name]}`])).join(', '),
  ]);
  return textTable(titles, rows);
}

async function bench(): Promise<void> {
  const wanted = values.only?.toLowerCase().split(',');
  const isWanted = (name: string): boolean => wanted?.includes(name) ?? true;
  const relays = relaysUnderTest().filter(({ name }) => isWanted(name));
  await using lab = await MediaLab.make(RELAY_CORE, LOAD_CORE);
  console.log(`time of the kernel: ${lab.accounting}`);
  for (const { name, version } of relays) console.log(`${name}: ${version}`);
  const results: Result[] = [];
  const note = (result: Result): void => {
    results.push(result);
    console.log(`${result.calls} calls, ${result.relay}: ${result.usPerPacket} µs per packet`);
  };
  const load = {
    warmSeconds: Number(values.warm),
    seconds: Number(values.seconds),
    runs: Number(values.runs),
  };
  for (const calls of values.calls.split(',').map(Number)) {
    if (isWanted(DIRECT)) {
      note(resultOf(DIRECT, calls, await lab.measureDirect({ ...load, warmSeconds: 1, calls })));
    }
    for (const relay of relays) {
      try {
        note(resultOf(relay.name, calls, await lab.measure(relay, { ...load, calls })));
      } catch (error) {
        console.log(`${calls} calls, ${(error as Error).message.trim()}`);
      }
    }
  }
  const compared = compare(results);
  console.log(`\n${table(compared)}\n`);
  const report = {
    scenario:
      'two-way calls of G.711, 20 ms a packet, through network namespaces joined by veth; relay and kernel on one core',
    machine: { processor: cpus()[0]?.model, kernel: release(), load: loadavg().map((it) => round(it, 2)) },
    accounting: lab.accounting,
    ...load,
    relays: relays.map(({ name, version }) => ({ name, version })),
    results: compared,
  };
  console.log(JSON.stringify(report));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}

const reason =
  availableParallelism() < 2
    ? 'two processor cores are needed'
    : missingRequirement(['gcc', 'ip', 'unshare', 'nsenter', 'taskset']);
if (reason === undefined) await bench();
else {
  console.error(`The bench cannot run: ${reason}`);
  process.exitCode = 1;
}
