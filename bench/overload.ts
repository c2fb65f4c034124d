// npm run bench:overload: what becomes of calls when there are more than a server can carry, Viaduct and Kamailio in turn.
//   --times 1,2,3           so many times as many calls as it carries at most
//   --most 3000             calls per second that it carries; found out before and after each overload where it is left out
//   --runs 4                overloads of a start    --seconds 4   measured of each      --warm 5  seconds before
//   --only viaduct,kamailio some of the servers
//   --json FILE             also writes the results there
import { parseArgs } from 'node:util';
import { LOAD_CORE, runBench, SERVER_CORE } from './cores.ts';
import { median, round } from './figures.ts';
import { kamailio } from './peers/kamailio.ts';
import { type Candidate, type Peer, PORT } from './peers/peer.ts';
import { viaduct } from './peers/viaduct.ts';
import { Notebook, publish, type Table } from './report.ts';
import { ServerUnderTest } from './server-under-test.ts';
import { type RunSummary, runLoad, type Stretch } from './sipload.ts';
import { warmUp } from './warm-up.ts';

interface Result {
  readonly server: string;
  readonly times: number;
  readonly offered: number; // calls per second, as all that follow
  /** What it carries at most: the median of before, between and after. */
  readonly most: number;
  readonly good: number;
  readonly refused: number;
  /** Of what it carried at most just before and after each, in percent, all runs together. */
  readonly goodput: number;
  readonly p99Ms: number;
  /** Of one core, in percent: less than all of it where others work on this machine. */
  readonly cpu: number;
  /** Calls of all runs, the beginnings of the overloads included. */
  readonly calls: number;
  readonly lost: number;
  readonly broken: number;
  readonly bad: number;
  readonly repeated: number;
}

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '1,2,3' },
    most: { type: 'string' },
    runs: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '4' },
    warm: { type: 'string', default: '5' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});

/** Open at any time where it is found out how many calls a server carries. */
const WINDOW = 200;
const notebook = new Notebook();
const [runs, seconds, warmSeconds] = [Number(values.runs), Number(values.seconds), Number(values.warm)];

interface Overload {
  readonly offered: number;
  /** What it carried at most just before and after, a second. */
  readonly most: number;
  readonly stretch: Stretch;
  readonly summary: RunSummary;
}

/** Medians, what was carried in all by what could have been, and the sums of what was counted. */
function resultOf(server: string, times: number, most: readonly number[], runs: readonly Overload[]): Result {
  const middle = (of: (it: Overload) => number, digits = 0): number => round(median(runs.map(of)), digits);
  const perSecond = (of: (it: Stretch) => number): number =>
    middle(({ stretch }) => of(stretch) / stretch.seconds);
  const total = (of: (it: Overload) => number): number => runs.reduce((before, it) => before + of(it), 0);
  const sum = (of: (it: RunSummary) => number): number => total(({ summary }) => of(summary));
  return {
    server,
    times,
    most: round(median(most), 0),
    offered: middle(({ offered }) => offered),
    good: perSecond(({ done }) => done),
    refused: perSecond(({ refused = 0 }) => refused),
    goodput: round(
      (total(({ stretch }) => stretch.done / stretch.seconds) / total((it) => it.most)) * 100,
      0,
    ),
    p99Ms: middle(({ stretch }) => stretch.p99Ms, 1),
    cpu: perSecond(({ cpuUs }) => cpuUs / 10_000),
    calls: sum(({ calls }) => calls),
    lost: sum(({ lost }) => lost),
    broken: sum(({ broken = 0 }) => broken),
    bad: sum(({ bad }) => bad),
    repeated: sum(({ repeated = 0 }) => repeated),
  };
}

async function measure(peer: Peer): Promise<Result[]> {
  const results: Result[] = [];
  for (const times of values.times.split(',').map(Number)) {
    // Each time anew: what an overload leaves behind is not the next one's.
    await using server = await ServerUnderTest.start(peer, SERVER_CORE);
    await warmUp(peer, server.pids(), (load) => runLoad(load, LOAD_CORE));
    const load = { pids: server.pids(), port: PORT, seconds, warmSeconds, runs: 1 };
    const carries = async (): Promise<number> => {
      if (values.most !== undefined) return Number(values.most);
      const { stretches } = await runLoad({ ...load, cps: 1000, window: WINDOW }, LOAD_CORE);
      return stretches[0]!.done / stretches[0]!.seconds;
    };
    // Before and after each, for a machine that others work on changes its speed within minutes.
    const most = [await carries()];
    const overloads: Overload[] = [];
    for (let i = 0; i < runs; i++) {
      const offered = Math.round(most[i]! * times);
      const { stretches, summary } = await runLoad({ ...load, cps: offered, again: true }, LOAD_CORE);
      most.push(await carries());
      overloads.push({ offered, stretch: stretches[0]!, summary, most: (most[i]! + most[i + 1]!) / 2 });
      const { done, seconds: took } = stretches[0]!;
      console.log(
        `${peer.name} carries ${round(done / took, 0)} of ${offered} calls/s, ${round(most.at(-1)!, 0)} at most`,
      );
    }
    results.push(resultOf(peer.name, times, most, overloads));
    console.log(JSON.stringify(results.at(-1)));
  }
  return results;
}

function table(results: readonly Result[]): Table {
  return {
    title: 'More calls than a server carries',
    columns: [
      'server',
      'most/s',
      'offered/s',
      '× most',
      'carried/s',
      '% of most',
      'refused/s',
      'p99 ms',
      'CPU %',
      'calls',
      'without answer',
      'broken off',
      'wrong',
      'INVITEs again',
    ],
    rows: results.map((it) => [
      it.server,
      String(it.most),
      String(it.offered),
      String(it.times),
      String(it.good),
      String(it.goodput),
      String(it.refused),
      it.p99Ms.toFixed(1),
      String(it.cpu),
      String(it.calls),
      String(it.lost - it.broken),
      String(it.broken),
      String(it.bad),
      String(it.repeated),
    ]),
  };
}

async function bench(): Promise<void> {
  const wanted = values.only?.toLowerCase().split(',');
  const candidates: Candidate[] = [viaduct(), kamailio()].filter(
    ({ name }) => wanted?.includes(name.toLowerCase()) ?? true,
  );
  const results: Result[] = [];
  for (const peer of notebook.present<Peer>(candidates)) {
    results.push(...((await notebook.attempt(peer.name, () => measure(peer))) ?? []));
  }
  const scenario =
    'Stateful record-routed calls on loopback by UDP, in a Poisson process at a rate above what the server carries. ' +
    'INVITEs that hear nothing come again after 0.5, 1.5 and 3.5 s. A call is refused by 503 with Retry-After; any other ' +
    'refusal, and any message that ought not to come, is wrong; one that was answered and did not come to its end is broken off.';
  publish(notebook.report({ bench: 'Overload', scenario }, [table(results)], results), values.json);
}

await runBench(bench);
