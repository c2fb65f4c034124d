// npm run bench:workers: what a call costs where several workers share the calls, and how much more they carry together.
//   --workers 1,2            how many, in turn; each has a core of its own, as far as there are
//   --rate 1000              calls per second             --runs 5     measured stretches of which the median counts
//   --seconds 1              of each stretch              --warm 10    seconds before the first: each worker compiles for itself
//   --json FILE              also writes the results there
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runBench } from './cores.ts';
import { type Cost, costOf } from './figures.ts';
import { PORT } from './peers/peer.ts';
import { viaduct } from './peers/viaduct.ts';
import { Notebook, publish } from './report.ts';
import { ServerUnderTest } from './server-under-test.ts';
import { type Run, runLoad } from './sipload.ts';
import { warmUp } from './warm-up.ts';

/** Calls that are under way at a time where as many as can be are made. */
const WINDOW = 80;
const LAST_CORE = availableParallelism() - 1;

interface Result extends Cost {
  readonly workers: number;
  /** Calls that were begun in a second; undefined where as many as could be. */
  readonly cps: number | undefined;
  /** How many cores the server kept busy. */
  readonly cores: number;
  readonly lost: number;
  readonly calls: number;
  /** What so many workers carry on cores of their own, by the cost of a call: one worker on one core carries 1. */
  readonly carries: number;
}

const { values } = parseArgs({
  options: {
    workers: { type: 'string', default: '1,2' },
    rate: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    warm: { type: 'string', default: '10' },
    json: { type: 'string' },
  },
});
const notebook = new Notebook();
const found: Result[] = [];

function note(workers: number, cps: number | undefined, { stretches, summary }: Run): void {
  const cost = costOf(stretches);
  const alone = found.find((it) => it.workers === 1 && it.cps === cps) ?? cost;
  const cores = (cost.us * cost.perSecond) / 1e6;
  const { lost, calls } = summary;
  found.push({ workers, cps, ...cost, cores, lost, calls, carries: (workers * alone.us) / cost.us });
  console.log(
    `${workers} workers, ${cps ?? 'most'}: ${cost.us} µs per call, ${cost.perSecond} calls a second`,
  );
}

async function measure(workers: number): Promise<void> {
  const [peer] = notebook.present([viaduct('udp', 'relay', { workers })]);
  if (!peer) return;
  // Where every core has a worker, one of them has the load as well.
  const cores = workers === 1 ? '0' : `0-${Math.min(workers - 1, LAST_CORE)}`;
  await using server = await ServerUnderTest.start(peer, cores);
  const load = {
    pids: server.pids(),
    port: PORT,
    seconds: Number(values.seconds),
    runs: Number(values.runs),
  };
  await warmUp(peer, server.pids(), (load) => runLoad(load, LAST_CORE));
  const [cps, warmSeconds] = [Number(values.rate), Number(values.warm)];
  note(workers, cps, await runLoad({ ...load, cps, warmSeconds }, LAST_CORE));
  note(workers, undefined, await runLoad({ ...load, cps: 0, window: WINDOW, warmSeconds: 2 }, LAST_CORE));
}

async function bench(): Promise<void> {
  for (const workers of values.workers.split(',').map(Number)) {
    await notebook.attempt(`${workers} workers`, () => measure(workers));
  }
  const table = {
    title: 'Calls of several workers',
    columns: [
      'calls/s',
      'workers',
      'µs/call',
      'user',
      'system',
      'done/s',
      'cores busy',
      'carries',
      'delay p50 ms',
      'p99 ms',
      'lost',
    ],
    rows: found.map((it) => [
      String(it.cps ?? 'most'),
      String(it.workers),
      it.us.toFixed(1),
      it.userUs.toFixed(1),
      it.systemUs.toFixed(1),
      it.perSecond.toFixed(0),
      it.cores.toFixed(2),
      it.carries.toFixed(2),
      it.p50Ms.toFixed(2),
      it.p99Ms.toFixed(2),
      `${it.lost}/${it.calls}`,
    ]),
  };
  const scenario =
    'Stateful, record-routed calls over UDP on loopback; a core for each worker, the last of which has the load too where there are ' +
    'no more';
  publish(notebook.report({ bench: 'Workers', scenario }, [table], found), values.json);
}

await runBench(bench);
