// Viaduct on the server machine of the test network.
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { TransportName } from '../../src/net/transport-name.ts';
import { databasePath } from '../../src/ops/subscribers.ts';
import { Database } from '../../src/store/sqlite/database.ts';
import { SqliteSubscribers } from '../../src/store/sqlite/subscribers.ts';
import { stop } from './sandbox.ts';
import { ADDRESS, type Topology } from './topology.ts';

const VIADUCT = fileURLToPath(new URL('../../bin/viaduct', import.meta.url));
const START_LIMIT_MS = 20_000;
const POLL_MS = 100;

/** How the server is told the address that it prints. */
export interface Advertising {
  readonly name: string;
  readonly as: boolean; // whether the listeners have an `as`
  readonly lines: readonly string[]; // further configuration, YAML
  readonly routes?: string; // a routes file
  readonly script?: string; // the text of an OpenSIPS script, instead of all the others
}

/** Each level of the one precedence in turn. */
export const ADVERTISINGS: readonly Advertising[] = [
  { name: 'listener', as: true, lines: [] },
  { name: 'global', as: false, lines: ['advertise:', `  address: ${ADDRESS.serverPublic}`] },
  {
    name: 'destination rules',
    as: false,
    lines: [
      'advertise:',
      '  to:',
      `    - { network: 0.0.0.0/0, as: ${ADDRESS.serverPublic} }`,
      '    - { network: 10.0.0.0/24, as: bound }',
    ],
  },
  {
    name: 'transaction override',
    as: false,
    lines: [],
    routes: fileURLToPath(new URL('override-routes.ts', import.meta.url)),
  },
];

/** TLS and WSS share a socket. */
export const PORTS: Readonly<Record<TransportName, number>> = {
  udp: 5060,
  tcp: 5060,
  ws: 8080,
  tls: 5061,
  wss: 5061,
};

function configuration({ as, lines }: Advertising): string {
  const listen = Object.entries(PORTS).flatMap(([transport, port]) => {
    const bound = `  - ${transport}:${ADDRESS.server}:${port}`;
    const six = `  - ${transport}:[${ADDRESS.server6}]:${port}`;
    return [as ? `${bound} as ${ADDRESS.serverPublic}:${port}` : bound, six];
  });
  return [
    'listen:',
    ...listen,
    ...lines,
    'tls: { selfSigned: true }',
    'domains: [example.com]',
    'data: ./viaduct-data',
    // All calls of a column are made by one user at once.
    'registrar: { maxContacts: 100 }',
    'log: { file: stdout }',
    '',
  ].join('\n');
}

/** Makes the user store that servers are started with: `users` of example.com, all with `password`. */
export async function makeUsers(folder: string, users: readonly string[], password: string): Promise<void> {
  const data = join(folder, 'viaduct-data');
  await mkdir(data, { recursive: true });
  await using database = Database.open(databasePath(data));
  const subscribers = new SqliteSubscribers(database);
  for (const user of users) subscribers.add(user, 'example.com', password);
}

/** A running server; what it printed is its log. */
export class CloudServer {
  readonly log: () => string;
  readonly #stop: () => Promise<void>;

  private constructor(log: () => string, end: () => Promise<void>) {
    this.log = log;
    this.#stop = end;
  }

  /**
   * Starts Viaduct in `folder` with a copy of the user store made in `users`; it listens when this resolves.
   * @throws Error with the server's log where it ends or does not listen in time
   */
  static async start(net: Topology, how: Advertising, folder: string, users: string): Promise<CloudServer> {
    await mkdir(folder, { recursive: true });
    await cp(join(users, 'viaduct-data'), join(folder, 'viaduct-data'), { recursive: true });
    const { script, routes } = how;
    const file = join(folder, script === undefined ? 'viaduct.yaml' : 'opensips.cfg');
    await writeFile(file, script ?? configuration(how));
    const options = script === undefined ? ['-c', file] : ['-f', file];
    const command = [
      process.execPath,
      VIADUCT,
      ...options,
      ...(routes === undefined ? [] : ['--routes', routes]),
    ];
    const child = net.spawn('server', command, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    let ended = false;
    const keep = (text: Buffer): void => {
      log += text;
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.once('close', () => {
      ended = true;
    });
    const server = new CloudServer(
      () => log,
      () => stop(child),
    );
    for (let waited = 0; !listens(net); waited += POLL_MS) {
      if (ended || waited > START_LIMIT_MS) {
        await server[Symbol.asyncDispose]();
        throw new Error(`the server ${ended ? 'ended' : 'does not listen'}:\n${log}`);
      }
      await wait(POLL_MS);
    }
    return server;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stop();
  }
}

// 10.0.0.34:5060 as /proc/net writes it, with the states of a bound UDP socket and of a listening TCP socket.
const UDP_BOUND = /2200000A:13C4 \S+ 07/;
const TCP_LISTENING = /2200000A:13C4 \S+ 0A/;

function listens(net: Topology): boolean {
  const [udp = '', tcp = ''] = net.run('server', 'cat /proc/net/udp; echo ==; cat /proc/net/tcp').split('==');
  return UDP_BOUND.test(udp) && TCP_LISTENING.test(tcp);
}
