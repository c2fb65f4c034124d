import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A database server of a test: on a port of its own, with an empty database `opensips`. */
export interface DatabaseServer extends AsyncDisposable {
  readonly url: string;
}

/** Starts may be slow on a busy machine. */
const PATIENCE_MS = 60_000;
/** PostgreSQL refuses to run as root. */
const NOBODY = 65_534;

const MARIADB = ['mariadbd', 'mariadb-install-db'];
const POSTGRES = ['initdb', 'postgres'];

/** Why a server cannot be started here; undefined where it can. */
export function missingServer(kind: 'mysql' | 'postgres'): string | undefined {
  const missing = (kind === 'mysql' ? MARIADB : POSTGRES).find((name) => programPath(name) === undefined);
  return missing === undefined ? undefined : `${missing} is not installed`;
}

export async function startServer(kind: 'mysql' | 'postgres'): Promise<DatabaseServer> {
  const folder = mkdtempSync(join(tmpdir(), `viaduct-${kind}-`));
  const port = 20_000 + Math.floor(Math.random() * 12_000);
  const child = kind === 'mysql' ? startMaria(folder, port) : startPostgres(folder, port);
  const server = {
    url:
      kind === 'mysql'
        ? `mysql://opensips:open:s%40ps@127.0.0.1:${port}/opensips`
        : `postgres://opensips:x@127.0.0.1:${port}/opensips`,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await listening(port, child);
    await createDatabase(kind, folder, port);
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

function startMaria(folder: string, port: number): ChildProcess {
  const data = join(folder, 'data');
  run('mariadb-install-db', [
    '--no-defaults',
    `--datadir=${data}`,
    '--user=root',
    '--auth-root-authentication-method=normal',
  ]);
  return spawn(
    programPath('mariadbd')!,
    [
      '--no-defaults',
      `--datadir=${data}`,
      '--user=root',
      `--socket=${join(folder, 'm.sock')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--innodb-buffer-pool-size=16M',
      '--innodb-log-file-size=8M',
    ],
    { stdio: 'ignore' },
  );
}

function startPostgres(folder: string, port: number): ChildProcess {
  const owner = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if ('uid' in owner) chownSync(folder, NOBODY, NOBODY);
  const data = join(folder, 'data');
  run(
    'initdb',
    ['-D', data, '-U', 'opensips', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C'],
    owner,
  );
  return spawn(
    programPath('postgres')!,
    [
      '-D',
      data,
      '-k',
      folder,
      '-h',
      '127.0.0.1',
      '-p',
      String(port),
      '-c',
      'fsync=off',
      '-c',
      'max_connections=20',
    ],
    { stdio: 'ignore', ...owner },
  );
}

/** Tried again as long as the server does not take statements yet. */
async function createDatabase(kind: 'mysql' | 'postgres', folder: string, port: number): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const result =
      kind === 'mysql'
        ? spawnSync('mariadb', [
            '--no-defaults',
            `--socket=${join(folder, 'm.sock')}`,
            '-uroot',
            '-e',
            "CREATE DATABASE opensips CHARACTER SET utf8mb4; CREATE USER opensips@'127.0.0.1' IDENTIFIED BY 'open:s@ps'; GRANT ALL ON opensips.* TO opensips@'127.0.0.1'",
          ])
        : spawnSync(programPath('createdb') ?? 'createdb', [
            '-h',
            '127.0.0.1',
            '-p',
            String(port),
            '-U',
            'opensips',
            'opensips',
          ]);
    if (result.status === 0) return;
    if (Date.now() > until) throw new Error(`no database: ${String(result.stderr)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port }, () => {
        socket.destroy();
        resolve(true);
      }).once('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nobody listens on ${port}`);
}

function run(name: string, args: readonly string[], owner: object = {}): void {
  const result = spawnSync(programPath(name)!, args, { encoding: 'utf8', ...owner });
  if (result.status !== 0) throw new Error(`${name}: ${result.stderr}${result.stdout}`);
}

/** Debian keeps the programs of PostgreSQL out of PATH, and servers out of that of users. */
function programPath(name: string): string | undefined {
  const folders = [
    ...(process.env.PATH ?? '').split(':'),
    '/usr/sbin',
    ...globSync('/usr/lib/postgresql/*/bin'),
  ];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
