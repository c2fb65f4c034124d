// npm run bench:media: what one packet of a call costs in processor time, Viaduct's paths and other relays side by side.
//   --calls 100,500,1000     two-way calls at a time: each is a packet of G.711 in 20 ms each way
//   --runs 3                 measured stretches of which the median counts
//   --seconds 5              of each stretch       --warm 6   seconds before the first, in which relays learn
//   --only direct,kernel     some of direct, plain, plain-node, rtpproxy, portable, accelerated, kernel
//   --json FILE              also writes the results there
// "direct" is the same traffic without a relay, forwarded by the kernel: the floor. Delays are above its.
// rtpproxy is measured where RTPPROXY_BIN names a build.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { missingRequirement } from '../test/cloud/requirements.ts';
import { figureCell, median, ratioCell, ratios, round } from './figures.ts';
import { MediaLab, type MediaStretch } from './media-lab.ts';
import { DIRECT, relaysUnderTest } from './media-peers.ts';
import { Notebook, publish, type Table } from './report.ts';

const RELAY_CORE = 0;
const LOAD_CORE = 1;

interface Result {
  readonly server: string; // the relay
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

function resultOf(server: string, calls: number, stretches: readonly MediaStretch[]): Result {
  const over = (of: (it: MediaStretch) => number, digits: number): number =>
    round(median(stretches.map(of)), digits);
  const wrong = stretches.reduce((sum, { wrongSource }) => sum + wrongSource, 0);
  if (wrong > 0) throw new Error(`${server}: ${wrong} packets came from another address than answered`);
  return {
    server,
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
    const isAlike = ({ calls }: Result): boolean => calls === result.calls;
    const floor = results.find((it) => isAlike(it) && it.server === DIRECT && it !== result)?.delayMs;
    const { p50, p99 } = result.delayMs;
    const came = Number.isFinite(result.usPerPacket);
    const addedMs =
      came && floor ? { p50: round(p50 - floor.p50, 3), p99: round(p99 - floor.p99, 3) } : undefined;
    return { ...result, ratio: ratios(result, results, isAlike, ({ usPerPacket }) => usPerPacket), addedMs };
  });
}

function table(results: readonly Result[]): Table {
  const references = [DIRECT, 'plain', 'plain-node', 'rtpproxy'];
  const rows = results.map(({ server, calls, ratio, ...it }) => [
    String(calls),
    server,
    figureCell(it.usPerPacket),
    figureCell(it.ownUsPerPacket),
    figureCell(it.kernelUsPerPacket),
    ...references.map((name) => ratioCell(ratio, name)),
    it.lossPercent.toFixed(2),
    figureCell(it.addedMs?.p50),
    figureCell(it.addedMs?.p99),
  ]);
  return {
    title: 'What a packet costs',
    columns: [
      'calls',
      'relay',
      'µs/packet',
      'own',
      'kernel',
      ...references.map((name) => `× ${name}`),
      'lost %',
      '+p50 ms',
      '+p99 ms',
    ],
    rows,
  };
}

async function bench(): Promise<void> {
  const notebook = new Notebook(values.only);
  const relays = notebook.present(relaysUnderTest());
  await using lab = await MediaLab.make(RELAY_CORE, LOAD_CORE);
  const results: Result[] = [];
  const note = (result: Result): void => {
    results.push(result);
    const { calls, server, usPerPacket } = result;
    const cost = Number.isFinite(usPerPacket) ? `${usPerPacket} µs per packet` : 'nothing came through';
    console.log(`${calls} calls, ${server}: ${cost}`);
  };
  const load = {
    warmSeconds: Number(values.warm),
    seconds: Number(values.seconds),
    runs: Number(values.runs),
  };
  for (const calls of values.calls.split(',').map(Number)) {
    if (notebook.isWanted(DIRECT)) {
      note(resultOf(DIRECT, calls, await lab.measureDirect({ ...load, warmSeconds: 1, calls })));
    }
    for (const relay of relays) {
      await notebook.attempt(`${calls} calls, ${relay.name}`, async () =>
        note(resultOf(relay.name, calls, await lab.measure(relay, { ...load, calls }))),
      );
    }
  }
  const compared = compare(results);
  const about = {
    bench: 'Media',
    scenario:
      'Two-way calls of G.711, 20 ms a packet, through network namespaces joined by veth; relay and kernel on one core; ' +
      `time of the kernel: ${lab.accounting}. "${DIRECT}" is without a relay, forwarded by the kernel; delays are above its`,
  };
  publish(notebook.report(about, [table(compared)], compared), values.json);
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
