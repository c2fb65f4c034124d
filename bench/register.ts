// npm run bench:register: what registrations cost in processor time and memory, Viaduct and its peers side by side.
//   --bindings 10000,100000  so many phones are registered, one after the other with the same server
//   --digest-users 10000     so many register with digest; 0 leaves that out
//   --rate 2000              refreshes per second      --runs 3   measured stretches of which the median counts
//   --seconds 2              of each stretch           --warm 1   seconds before the first
//   --only viaduct,kamailio  some of the servers (viaduct, "viaduct -f", kamailio, kamailio+sqlite, opensips)
//   --quick                  2,000 and 10,000 bindings, and short stretches
//   --json FILE              also writes the results there
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { LOAD_CORE, runBench, SERVER_CORE } from './cores.ts';
import { type Cost, compare, costOf, ratioCell, round } from './figures.ts';
import { kamailio } from './peers/kamailio.ts';
import { opensips } from './peers/opensips.ts';
import { type Candidate, type Peer, PORT } from './peers/peer.ts';
import { viaduct, viaductScript } from './peers/viaduct.ts';
import { Notebook, publish, type Table } from './report.ts';
import { ServerUnderTest } from './server-under-test.ts';
import { type RegisterLoad, type Run, runRegisterLoad } from './sipload.ts';

type Kind = 'new' | 'refresh' | 'new, digest' | 'refresh, digest';

interface Result extends Cost {
  readonly kind: Kind;
  readonly server: string;
  /** Registered phones, at the end of the stretch. */
  readonly bindings: number;
  readonly lost: number;
  readonly refused: number;
  /** What an idle registration takes, in KB of the server's memory. */
  readonly bindingKb: number | undefined;
  readonly memoryMb: number;
  readonly ratio: Readonly<Record<string, number>>;
}

const { values } = parseArgs({
  options: {
    bindings: { type: 'string' },
    'digest-users': { type: 'string' },
    rate: { type: 'string', default: '2000' },
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string' },
    warm: { type: 'string', default: '1' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});

const steps = (values.bindings ?? (values.quick ? '5000,10000' : '10000,100000')).split(',').map(Number);
const digestUsers = Number(values['digest-users'] ?? (values.quick ? 5000 : 10_000));
const seconds = Number(values.seconds ?? (values.quick ? 1 : 2));
const rate = Number(values.rate);
/** Registered before anything is measured. */
const FIRST_USERS = 2000;
/** Refreshes of them by a server that is compiled while it runs, in s. */
const LEARNING_SECONDS = 10;
const REFERENCES = ['Kamailio', 'Kamailio+SQLite', 'OpenSIPS'];
const notebook = new Notebook(values.only);

function loadOn(server: ServerUnderTest, from: number, users: number, digest: boolean): RegisterLoad {
  const [warmSeconds, runs] = [Number(values.warm), Number(values.runs)];
  return { pids: server.pids(), port: PORT, cps: rate, warmSeconds, seconds, runs, from, users, digest };
}

async function measure(peer: Peer): Promise<Result[]> {
  await using server = await ServerUnderTest.start(peer, SERVER_CORE);
  await warmUp(server, false);
  const before = await server.keptKb();
  const results: Result[] = [];
  let from = FIRST_USERS;
  for (const users of steps) {
    const run = await runRegisterLoad(loadOn(server, from, users, false), LOAD_CORE);
    const kept = users === steps.at(-1) ? await keptSince(before, server) : undefined;
    results.push(
      ...note(
        peer,
        false,
        users,
        run,
        kept === undefined ? undefined : round(kept / (users - FIRST_USERS), 2),
      ),
    );
    from = users;
  }
  return results;
}

/** Tables are made and code is compiled before anything is looked at. */
async function warmUp(server: ServerUnderTest, digest: boolean): Promise<void> {
  const load = { ...loadOn(server, 0, FIRST_USERS, digest), runs: 0 };
  const warmSeconds = server.peer.learns ? LEARNING_SECONDS : 1;
  await runRegisterLoad({ ...load, warmSeconds, cps: digest ? rate / 2 : rate }, LOAD_CORE);
}

/** In KB, once the transactions of the load are gone and bindings alone are left. */
async function keptSince(before: number, server: ServerUnderTest): Promise<number> {
  await wait(values.quick ? 0 : server.peer.lingerSeconds * 1000);
  return (await server.keptKb()) - before;
}

async function measureDigest(peer: Peer): Promise<Result[]> {
  await using server = await ServerUnderTest.start(peer, SERVER_CORE);
  await warmUp(server, true);
  const load = { ...loadOn(server, FIRST_USERS, digestUsers, true), cps: rate / 2 };
  const run = await runRegisterLoad(load, LOAD_CORE);
  return note(peer, true, digestUsers, run, undefined);
}

function note(
  peer: Peer,
  digest: boolean,
  bindings: number,
  { stretches, summary }: Run,
  bindingKb: number | undefined,
): Result[] {
  const [first, ...others] = stretches;
  const result = (kind: 'new' | 'refresh', of: typeof stretches): Result => ({
    kind: digest ? `${kind}, digest` : kind,
    server: peer.name,
    bindings,
    ...costOf(of),
    lost: summary.lost,
    refused: summary.refused,
    bindingKb: kind === 'new' ? undefined : bindingKb,
    memoryMb: round(summary.pssKb / 1024),
    ratio: {},
  });
  const results = [result('new', [first!]), result('refresh', others)];
  for (const { kind, us } of results) {
    console.log(`${peer.name}, ${bindings} bindings, ${kind}: ${us} µs per registration`);
  }
  return results;
}

function table(title: string, results: readonly Result[]): Table {
  return {
    title,
    columns: [
      'bindings',
      'REGISTER',
      'server',
      'µs',
      'user',
      'system',
      ...REFERENCES.map((name) => `× ${name}`),
      'per s',
      'delay p50 ms',
      'p99 ms',
      'lost',
      'refused',
      'MB',
      'KB/binding',
    ],
    rows: results.map((it) => [
      String(it.bindings),
      it.kind,
      it.server,
      it.us.toFixed(1),
      it.userUs.toFixed(1),
      it.systemUs.toFixed(1),
      ...REFERENCES.map((name) => ratioCell(it.ratio, name)),
      String(it.perSecond),
      it.p50Ms.toFixed(2),
      it.p99Ms.toFixed(2),
      String(it.lost),
      String(it.refused),
      it.memoryMb.toFixed(0),
      it.bindingKb?.toFixed(2) ?? '',
    ]),
  };
}

async function each(
  what: string,
  candidates: readonly Candidate[],
  of: (peer: Peer) => Promise<Result[]>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const peer of notebook.present(candidates)) {
    results.push(...((await notebook.attempt(`${what}, ${peer.name}`, () => of(peer))) ?? []));
  }
  const order: readonly Kind[] = ['new', 'refresh', 'new, digest', 'refresh, digest'];
  return compare(results, (one, other) => one.kind === other.kind && one.bindings === other.bindings).sort(
    (a, b) => a.bindings - b.bindings || order.indexOf(a.kind) - order.indexOf(b.kind),
  );
}

async function bench(): Promise<void> {
  const plain = await each(
    'registrations',
    [
      viaduct('udp', 'registrar'),
      viaductScript('udp', 'registrar'),
      kamailio('udp', 'registrar'),
      kamailio('udp', 'registrar', { sqlite: true }),
      opensips('udp', 'registrar'),
    ],
    measure,
  );
  const digest =
    digestUsers === 0
      ? []
      : await each(
          'registrations with digest',
          [
            viaduct('udp', 'phones', { users: digestUsers }),
            viaductScript('udp', 'phones'),
            kamailio('udp', 'phones'),
            opensips('udp', 'phones'),
          ],
          measureDigest,
        );
  const about = {
    bench: 'Registrations',
    scenario:
      'REGISTER over UDP on loopback; one core, one worker. New ones come as fast as they are answered, 64 at a time; refreshes ' +
      `of phones taken by chance ${rate} a second (with digest half as many, of two requests each). Viaduct writes every binding ` +
      'to SQLite before it answers; "Viaduct -f", Kamailio and OpenSIPS have them in memory alone, and "Kamailio+SQLite" does as Viaduct',
  };
  const tables = [table('Registrations', plain), table('Registrations with digest', digest)];
  publish(notebook.report(about, tables, [...plain, ...digest]), values.json);
}

await runBench(bench);
