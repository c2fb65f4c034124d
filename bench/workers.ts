// npm run bench:workers: what a call costs where several workers share the calls, by thread, and how much more they carry.
//   --workers 2              how many, in turn, beside one
//   --rates 1000,2000,most   calls per second and worker; or as many as can be
//   --rounds 2               each server is started so often, in turn     --runs 3   stretches of a rate, each time
//   --seconds 1              of each stretch
//   --warm 30000             calls of each worker before the first: each compiles for itself
//   --json FILE              also writes the results there
// What else a machine does makes calls dearer, never cheaper: of each server and rate the cheapest stretch is taken. Where
// there is no core for each worker and for the load besides, several workers are measured twice: all on one core and the
// load apart; and each on its own, of which the load has the last as well.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runBench } from './cores.ts';
import { type Peer, PORT } from './peers/peer.ts';
import { type ViaductOptions, viaduct } from './peers/viaduct.ts';
import { Notebook, publish } from './report.ts';
import { ServerUnderTest } from './server-under-test.ts';
import { type Load, runLoad } from './sipload.ts';
import { THREAD_KINDS, type ThreadTimes, threadTimes, timesPerCall, totalOf } from './thread-times.ts';
import { warmUp } from './warm-up.ts';

/** Calls of each worker that are under way at a time where as many as can be are made. */
const WINDOW = 80;
/** The load naps when it is idle: a worker may have its core. */
const TICK_US = 200;
const LAST_CORE = availableParallelism() - 1;
const WARM_SECONDS = 1;

interface Contender {
  readonly name: string;
  readonly workers: number;
  readonly cores: string;
  readonly options: ViaductOptions;
}

interface Stretch {
  readonly us: number;
  readonly threads: ThreadTimes;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lost: number;
  readonly calls: number;
}

interface Result extends Stretch {
  readonly name: string;
  readonly workers: number;
  readonly cores: string;
  /** Calls that were begun in a second for each worker; undefined where as many as could be. */
  readonly rate: number | undefined;
  /** What so many workers carry on cores of their own, by the cost of a call: one worker on one core carries 1. */
  readonly carries: number;
}

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '2' },
    rates: { type: 'string', default: '1000,2000,most' },
    rounds: { type: 'string', default: '2' },
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '1' },
    warm: { type: 'string', default: '30000' },
    json: { type: 'string' },
  },
});
const rates = values.rates.split(',').map((text) => (text === 'most' ? undefined : Number(text)));
const notebook = new Notebook();

function contenders(): Contender[] {
  const several = values.workers.split(',').flatMap((text): Contender[] => {
    const workers = Number(text);
    const own = { workers, cores: `0-${Math.min(workers - 1, LAST_CORE)}`, options: { workers } };
    if (workers <= LAST_CORE) return [{ ...own, name: `${workers} workers` }];
    return [
      { ...own, name: `${workers} workers, one core`, cores: '0' },
      { ...own, name: `${workers} workers, load on a core of theirs` },
    ];
  });
  return [
    { name: 'one worker', workers: 1, cores: '0', options: {} },
    { name: 'one behind the thread', workers: 1, cores: '0', options: { behindThread: true } },
    ...several,
  ];
}

async function warm(peer: Peer, load: Pick<Load, 'pids' | 'port'>, workers: number): Promise<void> {
  const drive = (more: Load) => runLoad(more, LAST_CORE);
  await warmUp({ ...peer, learns: false }, load.pids, drive);
  const most = { ...load, cps: 0, window: WINDOW * workers, warmSeconds: WARM_SECONDS, seconds: 0, runs: 0 };
  for (let calls = 0; calls < Number(values.warm) * workers; ) calls += (await drive(most)).summary.calls;
}

/** Calls that begin and end in it, and what all threads take meanwhile. */
async function measure(
  load: Pick<Load, 'pids' | 'port'>,
  workers: number,
  rate: number | undefined,
): Promise<Stretch> {
  const before = threadTimes(load.pids);
  const { stretches, summary } = await runLoad(
    {
      ...load,
      ...(rate === undefined ? { cps: 0, window: WINDOW * workers } : { cps: rate * workers }),
      ...{ warmSeconds: 0, seconds: Number(values.seconds), runs: 1, tickUs: TICK_US },
    },
    LAST_CORE,
  );
  const { lost, calls } = summary;
  const { done, seconds, p50Ms, p99Ms } = stretches[0]!;
  const threads = timesPerCall(before, threadTimes(load.pids), calls - lost);
  return { us: totalOf(threads), threads, perSecond: done / seconds, p50Ms, p99Ms, lost, calls };
}

/** Adds stretches of each rate to what was found. */
async function visit(
  { name, workers, cores, options }: Contender,
  found: readonly Stretch[][],
): Promise<void> {
  const [peer] = notebook.present<Peer>([viaduct('udp', 'relay', options)]);
  await using server = await ServerUnderTest.start(peer!, cores);
  const load = { pids: server.pids(), port: PORT };
  await warm(peer!, load, workers);
  for (const [i, rate] of rates.entries()) {
    for (let run = 0; run < Number(values.runs); run++) found[i]!.push(await measure(load, workers, rate));
    console.log(
      `${name}, ${rate ?? 'most'}: ${found[i]!.map(({ us }) => us.toFixed(0)).join(', ')} µs per call`,
    );
  }
}

function cheapest(stretches: readonly Stretch[]): Stretch | undefined {
  return stretches.toSorted((a, b) => a.us - b.us)[0];
}

async function bench(): Promise<void> {
  const all = contenders().map((contender) => ({ contender, found: rates.map((): Stretch[] => []) }));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { contender, found } of all)
      await notebook.attempt(contender.name, () => visit(contender, found));
  }
  const results: Result[] = [];
  for (const [i, rate] of rates.entries()) {
    const one = cheapest(all[0]!.found[i]!);
    for (const { contender, found } of all) {
      const { name, workers, cores } = contender;
      const least = cheapest(found[i]!);
      if (one && least)
        results.push({ name, workers, cores, rate, ...least, carries: (workers * one.us) / least.us });
    }
  }
  const table = {
    title: 'Calls of several workers, µs of processor time per call by thread',
    columns: [
      ...['calls/s and worker', 'server', 'cores', 'µs/call', ...THREAD_KINDS],
      ...['carries', 'done/s', 'delay p50 ms', 'p99 ms', 'lost'],
    ],
    rows: results.map((it) => [
      ...[String(it.rate ?? 'most'), it.name, it.cores, it.us.toFixed(1)],
      ...THREAD_KINDS.map((kind) => it.threads[kind].toFixed(1)),
      ...[it.carries.toFixed(2), it.perSecond.toFixed(0), it.p50Ms.toFixed(2), it.p99Ms.toFixed(2)],
      `${it.lost}/${it.calls}`,
    ]),
  };
  const scenario = `Stateful, record-routed calls over UDP on loopback; the load on core ${LAST_CORE}`;
  publish(notebook.report({ bench: 'Workers', scenario }, [table], results), values.json);
}

await runBench(bench);
