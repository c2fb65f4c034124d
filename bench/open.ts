// npm run bench:open: what calls that stand cost, in memory each, and whether the next call costs more for them.
//   --open 10,1000,10000     calls that stand at a time while others come      --rate 1000   calls per second
//   --idle 10000             calls that stand while nothing comes, for their memory; 0 leaves that out
//   --runs 3                 measured stretches of which the median counts     --seconds 2   of each stretch
//   --only viaduct,kamailio  some of the servers (viaduct, "viaduct -f", kamailio, opensips)
//   --quick                  fewer calls, and no waiting for transactions to end
//   --json FILE              also writes the results there
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { LOAD_CORE, runBench, SERVER_CORE } from './cores.ts';
import { type Cost, compare, costOf, ratioCell, round } from './figures.ts';
import { kamailio } from './peers/kamailio.ts';
import { opensips } from './peers/opensips.ts';
import { type Candidate, type Peer, PORT } from './peers/peer.ts';
import { viaduct, viaductScript } from './peers/viaduct.ts';
import { Notebook, publish } from './report.ts';
import { ServerUnderTest } from './server-under-test.ts';
import { OpenCalls, runLoad } from './sipload.ts';
import { warmUp } from './warm-up.ts';

interface Result extends Cost {
  readonly server: string;
  readonly open: number;
  readonly lost: number;
  readonly refused: number;
  readonly calls: number;
  readonly memoryMb: number;
  readonly ratio: Readonly<Record<string, number>>;
  /** To the same server with the fewest calls open. */
  readonly growth: number;
}

interface Memory {
  readonly server: string;
  readonly open: number;
  readonly beforeMb: number;
  readonly openMb: number;
  readonly callKb: number;
}

const { values } = parseArgs({
  options: {
    open: { type: 'string' },
    idle: { type: 'string' },
    rate: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});

const steps = (values.open ?? (values.quick ? '10,1000' : '10,1000,10000')).split(',').map(Number);
const idle = Number(values.idle ?? (values.quick ? 2000 : 10_000));
const seconds = Number(values.seconds ?? (values.quick ? 1 : 2));
const rate = Number(values.rate);
/** How fast the calls come whose memory is looked at. */
const IDLE_RATE = 1000;
const REFERENCES = ['Kamailio', 'OpenSIPS'];
const notebook = new Notebook(values.only);

/** Peers know their calls by the module dialog, Viaduct by the same script; its routes keep nothing of a call. */
const candidates = (brief: boolean): Candidate[] => [
  viaduct('udp', 'relay', { brief }),
  viaductScript('udp', 'dialogs', { brief }),
  kamailio('udp', 'dialogs'),
  opensips('udp', 'dialogs'),
];

async function measure(peer: Peer): Promise<Result[]> {
  await using server = await ServerUnderTest.start(peer, SERVER_CORE);
  const load = { pids: server.pids(), port: PORT, cps: rate, seconds, runs: Number(values.runs) };
  await warmUp(peer, server.pids(), (load) => runLoad(load, LOAD_CORE));
  const results: Result[] = [];
  for (const open of steps) {
    const holdMs = (open / rate) * 1000;
    const { stretches, summary } = await runLoad(
      { ...load, holdMs, warmSeconds: holdMs / 1000 + 1 },
      LOAD_CORE,
    );
    const cost = costOf(stretches);
    const growth = round(cost.us / (results[0]?.us ?? cost.us), 2);
    const { lost, refused, calls, pssKb } = summary;
    results.push({
      server: peer.name,
      open,
      ...cost,
      lost,
      refused,
      calls,
      memoryMb: round(pssKb / 1024),
      ratio: {},
      growth,
    });
    console.log(`${peer.name}, ${open} calls open: ${cost.us} µs per call`);
  }
  return results;
}

/** Before and while so many calls stand, when everything else that the server kept is gone. */
async function keep(peer: Peer): Promise<Memory> {
  await using server = await ServerUnderTest.start(peer, SERVER_CORE);
  const load = { pids: server.pids(), port: PORT, cps: IDLE_RATE, warmSeconds: 0, seconds: 0, runs: 0 };
  const linger = values.quick ? 0 : peer.lingerSeconds * 1000;
  // Tables are made before memory is looked at; but the room that many calls have left behind would hide what these take.
  await warmUp({ ...peer, learns: false }, server.pids(), (load) => runLoad(load, LOAD_CORE));
  await wait(linger);
  const before = await server.keptKb();
  await using calls = await OpenCalls.make(idle, load, LOAD_CORE);
  await wait(linger);
  const kept = await server.keptKb();
  const callKb = round((kept - before) / calls.count, 2);
  console.log(`${peer.name}, ${calls.count} calls open: ${callKb} KB each`);
  return {
    server: peer.name,
    open: calls.count,
    beforeMb: round(before / 1024),
    openMb: round(kept / 1024),
    callKb,
  };
}

async function bench(): Promise<void> {
  const found: Result[] = [];
  const memories: Memory[] = [];
  for (const peer of notebook.present(candidates(false))) {
    found.push(...((await notebook.attempt(`open calls, ${peer.name}`, () => measure(peer))) ?? []));
  }
  for (const peer of idle > 0 ? notebook.present(candidates(true)) : []) {
    const memory = await notebook.attempt(`memory of open calls, ${peer.name}`, () => keep(peer));
    if (memory) memories.push(memory);
  }
  const results = compare(found, (one, other) => one.open === other.open).sort((a, b) => a.open - b.open);
  const about = {
    bench: 'Open calls',
    scenario:
      `${rate} calls a second over UDP, each of which stands for a while, on loopback; one core, one worker. "Viaduct" keeps nothing of ` +
      'a call once it is answered; "Viaduct -f", Kamailio and OpenSIPS know every call while it stands (create_dialog, dlg_manage)',
  };
  const tables = [
    {
      title: 'What a call costs while others stand',
      columns: [
        'open',
        'server',
        'µs/call',
        'user',
        'system',
        'to fewest open',
        ...REFERENCES.map((name) => `× ${name}`),
        'delay p50 ms',
        'p99 ms',
        'lost',
        'refused',
        'MB',
      ],
      rows: results.map((it) => [
        String(it.open),
        it.server,
        it.us.toFixed(1),
        it.userUs.toFixed(1),
        it.systemUs.toFixed(1),
        it.growth.toFixed(2),
        ...REFERENCES.map((name) => ratioCell(it.ratio, name)),
        it.p50Ms.toFixed(2),
        it.p99Ms.toFixed(2),
        `${it.lost}/${it.calls}`,
        String(it.refused),
        it.memoryMb.toFixed(0),
      ]),
    },
    {
      title: 'What a call that stands takes in memory',
      columns: ['open', 'server', 'MB before', 'MB', 'KB/call'],
      rows: memories.map((it) => [
        String(it.open),
        it.server,
        it.beforeMb.toFixed(1),
        it.openMb.toFixed(1),
        it.callKb.toFixed(2),
      ]),
    },
  ];
  publish(notebook.report(about, tables, [...results, ...memories]), values.json);
}

await runBench(bench);
