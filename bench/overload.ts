// npm run bench:overload: what becomes of calls when there are more than a server can carry, Viaduct and Kamailio in turn.
//   --times 1,2,3           so many times as many calls as it carries at most
//   --most 3000             calls per second that it carries; found out where it is left out
//   --runs 3                measured stretches      --seconds 4   of each      --warm 10  seconds before the first
//   --only viaduct,kamailio some of the servers
//   --json FILE             also writes the results there
import { parseArgs } from 'node:util';
import { LOAD_CORE, runBench, SERVER_CORE } from './cores.ts';
import { costOf, median, round } from './figures.ts';
import { kamailio } from './peers/kamailio.ts';
import { type Candidate, type Peer, PORT } from './peers/peer.ts';
import { viaduct } from './peers/viaduct.ts';
import { Notebook, publish, type Table } from './report.ts';
import { ServerUnderTest } from './server-under-test.ts';
import { runLoad } from './sipload.ts';
import { warmUp } from './warm-up.ts';

interface Result {
  readonly server: string;
  readonly times: number;
  readonly offered: number; // calls per second, as all that follow
  readonly most: number;
  readonly good: number;
  readonly refused: number;
  /** Of what it carries at most, in percent. */
  readonly goodput: number;
  readonly p99Ms: number;
  /** Of one core, in percent: less than all of it where others work on this machine. */
  readonly cpu: number;
  /** Calls of the whole run, the beginning of the overload included. */
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
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    warm: { type: 'string', default: '10' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});

/** Open at any time where it is found out how many calls a server carries. */
const WINDOW = 200;
const notebook = new Notebook();
const [runs, seconds, warmSeconds] = [Number(values.runs), Number(values.seconds), Number(values.warm)];

async function measure(peer: Peer): Promise<Result[]> {
  const results: Result[] = [];
  let most = Number(values.most ?? 0);
  for (const times of values.times.split(',').map(Number)) {
    // Each time anew: what an overload leaves behind is not the next one's.
    await using server = await ServerUnderTest.start(peer, SERVER_CORE);
    await warmUp(peer, server.pids(), (load) => runLoad(load, LOAD_CORE));
    const load = { pids: server.pids(), port: PORT, seconds, runs };
    if (most === 0) {
      const { stretches } = await runLoad({ ...load, warmSeconds, cps: 1000, window: WINDOW }, LOAD_CORE);
      most = costOf(stretches).perSecond;
      console.log(`${peer.name} carries ${most} calls/s at most`);
    }
    const offered = Math.round(most * times);
    const { stretches, summary } = await runLoad(
      { ...load, warmSeconds, cps: offered, again: true },
      LOAD_CORE,
    );
    const perSecond = (of: (it: (typeof stretches)[number]) => number): number =>
      round(median(stretches.map((it) => of(it) / it.seconds)), 0);
    const good = perSecond(({ done }) => done);
    const { calls, lost, broken = 0, bad, repeated = 0 } = summary;
    results.push({
      server: peer.name,
      times,
      offered,
      most,
      good,
      refused: perSecond(({ refused = 0 }) => refused),
      goodput: round((good / most) * 100, 0),
      p99Ms: round(median(stretches.map(({ p99Ms }) => p99Ms))),
      cpu: perSecond(({ cpuUs }) => cpuUs / 10_000),
      calls,
      lost,
      broken,
      bad,
      repeated,
    });
    console.log(JSON.stringify(results.at(-1)));
  }
  return results;
}

function table(results: readonly Result[]): Table {
  return {
    title: 'More calls than a server carries',
    columns: [
      'server',
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
