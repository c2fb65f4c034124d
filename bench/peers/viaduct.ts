import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { databasePath } from '../../src/ops/subscribers.ts';
import { Database } from '../../src/store/sqlite/database.ts';
import { SqliteSubscribers } from '../../src/store/sqlite/subscribers.ts';
import { opensipsRouting } from './opensips-script.ts';
import {
  type BenchTransport,
  CERTIFICATE,
  CERTIFICATE_FILES,
  DOMAIN,
  type Job,
  KEY,
  output,
  PASSWORD,
  type Peer,
  PORT,
  ROOT,
} from './peer.ts';

const DATA = 'viaduct-data';
/** 64 times T1 (RFC 3261's timers J, L and M), and the turn of the wheel behind it. */
const LINGER_SECONDS = 34;
const BRIEF_T1_MS = 100;
const BRIEF_LINGER_SECONDS = 8;

export interface ViaductOptions {
  /** Subscribers u0, u1, … that are there. */
  readonly users?: number;
  /** Keeps transactions a fifth of the usual time, where only what outlives them counts. */
  readonly brief?: boolean;
  /** Threads that signal. */
  readonly workers?: number;
  /** Whether one worker, too, is given its datagrams by the thread that receives for several. */
  readonly behindThread?: boolean;
}

const COLLECT = join(ROOT, 'bench', 'load', 'collect-garbage.ts');
const NODE = [process.execPath, '--expose-gc', '--import', COLLECT];
const COMMAND = [...NODE, join(ROOT, 'bin', 'viaduct')];
const BEHIND_THREAD = [...NODE, join(ROOT, 'bench', 'peers', 'behind-thread.ts')];

/** One source sends all of a bench's load, as fast as a server can; and no calls have media. */
const configuration = (
  transport: BenchTransport,
  { brief = false, workers = 1 }: ViaductOptions,
): string => `listen:
  - ${transport}:127.0.0.1:${PORT}
${transport === 'tls' ? `tls: { certificate: ${CERTIFICATE}, key: ${KEY}, verifyServers: false }` : ''}
domains: [${DOMAIN}]
data: ./${DATA}
media: { anchor: never, relay: off }
limits: { connections: 20000, connectionsPerSource: 20000, halfOpenConnections: 20000 }
frontDoor: { rate: off }
${workers > 1 ? `workers: ${workers}` : ''}
${brief ? `timers: { t1: ${BRIEF_T1_MS}ms }` : ''}
`;

const ROUTES: Readonly<Partial<Record<Job, string>>> = {
  relay: join(ROOT, 'bench', 'peers', 'relay-routes.ts'),
  registrar: join(ROOT, 'bench', 'peers', 'registrar-routes.ts'),
};

function version(): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const commit = output('git', '-C', ROOT, 'rev-parse', '--short', 'HEAD')?.trim();
  return [version, commit].filter(Boolean).join(' ');
}

/** By routes in TypeScript; `phones` are the ones that are shipped. Bindings are in SQLite always. */
export function viaduct(
  transport: BenchTransport = 'udp',
  job: Exclude<Job, 'dialogs'> = 'relay',
  options: ViaductOptions = {},
): Peer {
  const { users = 0, brief = false, workers = 1, behindThread = false } = options;
  const routes = ROUTES[job];
  const words = ['-c', 'viaduct.yaml', ...(routes === undefined ? [] : ['--routes', routes])];
  return {
    name: workers > 1 ? `Viaduct, ${workers} workers` : 'Viaduct',
    version: version(),
    flags: `Node ${process.version}`,
    files: { 'viaduct.yaml': configuration(transport, options), ...CERTIFICATE_FILES },
    command: [...(behindThread ? BEHIND_THREAD : COMMAND), ...words],
    prepare: (folder) => addUsers(folder, users),
    learns: true,
    lingerSeconds: brief ? BRIEF_LINGER_SECONDS : LINGER_SECONDS,
  };
}

/** By the same script as OpenSIPS, with bindings in memory. */
export function viaductScript(
  transport: BenchTransport = 'udp',
  job: Job = 'relay',
  { brief = false }: ViaductOptions = {},
): Peer {
  const timers = brief ? `modparam("tm", "T1_timer", ${BRIEF_T1_MS})\n` : '';
  const script = `log_level=0\nsocket=${transport}:127.0.0.1:${PORT}\n${opensipsRouting(job, timers)}`;
  return {
    name: 'Viaduct -f',
    version: version(),
    flags: `Node ${process.version}, opensips.cfg as OpenSIPS has it`,
    files: { 'opensips.cfg': script, ...CERTIFICATE_FILES },
    command: [...COMMAND, '-f', 'opensips.cfg'],
    learns: true,
    lingerSeconds: brief ? BRIEF_LINGER_SECONDS : LINGER_SECONDS,
  };
}

function addUsers(folder: string, users: number): void {
  if (users === 0) return;
  const database = Database.open(databasePath(join(folder, DATA)));
  database.prepare('BEGIN').run();
  const subscribers = new SqliteSubscribers(database);
  for (let i = 0; i < users; i++) subscribers.add(`u${i}`, DOMAIN, PASSWORD);
  database.prepare('COMMIT').run();
  void database[Symbol.asyncDispose]();
}
