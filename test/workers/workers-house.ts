// A server of two workers on loopback, with the phones that a test needs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TransportName } from '../../src/net/transport-name.ts';
import { callControl } from '../../src/ops/admin/control-client.ts';
import { controlPath } from '../../src/ops/admin/control-path.ts';
import { loadConfig } from '../../src/ops/config/load-config.ts';
import { scriptConfig } from '../../src/ops/config/script-config.ts';
import type { ServerConfig } from '../../src/ops/config/server-config.ts';
import { databasePath } from '../../src/ops/subscribers.ts';
import { loadScript } from '../../src/script/opensips/load-script.ts';
import type { RunningServer } from '../../src/server/running-server.ts';
import { startServer } from '../../src/server/start-server.ts';
import { Database } from '../../src/store/sqlite/database.ts';
import { SqliteSubscribers } from '../../src/store/sqlite/subscribers.ts';
import { callIdOwnedBy } from '../../src/wire/sip/owner.ts';
import { ScriptedPhone } from '../cloud/scripted-phone.ts';

export const WORKERS = 2;

/** As the shipped routes, and with a word that ends the worker which hears it. */
const ROUTES = `import { digest, location, routes } from 'viaduct';
const subscribers = digest();
const VERSION = '1';
async function toUser(call) {
  const who = await subscribers.verify(call);
  if (!who.ok) return who.challenge;
  return call.anchorMedia().fork(await location.lookup(call.target));
}
export default routes({
  async register(call) {
    const who = await subscribers.verify(call);
    return who.ok ? location.save(call, { owner: who.user }) : who.challenge;
  },
  invite: toUser,
  request: toUser,
  message(call) {
    if (call.target.user === 'die') process.exit(7);
    return call.reject(403, 'Version ' + VERSION);
  },
});
`;

const LISTENERS = ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0', 'udp:[::1]:0'];

const LOG = (folder: string) => ({ level: 'info', file: join(folder, 'data', 'viaduct.log') }) as const;

/** A server of two workers. */
export class WorkersHouse implements AsyncDisposable {
  readonly folder: string;
  readonly server: RunningServer;
  readonly notice: string | undefined;
  readonly #read: () => Promise<ServerConfig>;
  #calls = 0;

  private constructor(
    folder: string,
    read: () => Promise<ServerConfig>,
    server: RunningServer,
    notice: string | undefined,
  ) {
    this.#read = read;
    this.folder = folder;
    this.server = server;
    this.notice = notice;
  }

  static async start(users: readonly string[], more = '', listen = LISTENERS): Promise<WorkersHouse> {
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-workers-'));
    const file = join(folder, 'viaduct.yaml');
    writeFileSync(join(folder, 'routes.ts'), ROUTES);
    const lines = [`listen: ${JSON.stringify(listen)}`, 'domains: [example.com]', 'data: ./data'];
    lines.push(`workers: ${WORKERS}`, ...(more === '' ? ['routes: ./routes.ts'] : [more]));
    writeFileSync(file, lines.join('\n'));
    const house = await WorkersHouse.#start(folder, async () => {
      const result = await loadConfig({ file }, { environment: {}, workingDirectory: folder });
      if (!result.ok) throw new Error(result.text);
      return result.config;
    });
    await using database = Database.open(databasePath(house.data));
    const subscribers = new SqliteSubscribers(database);
    for (const user of users) subscribers.add(user, 'example.com', 'secret');
    return house;
  }

  /** An OpenSIPS script instead. */
  static async startScript(text: string): Promise<WorkersHouse> {
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-workers-'));
    const file = join(folder, 'opensips.cfg');
    writeFileSync(file, text);
    return await WorkersHouse.#start(folder, async () => {
      const result = await loadScript(file, { workingDirectory: folder });
      if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join());
      const config = scriptConfig(result.loaded, [], folder);
      return { ...config, data: join(folder, 'data'), log: LOG(folder), workers: WORKERS };
    });
  }

  static async #start(folder: string, read: () => Promise<ServerConfig>): Promise<WorkersHouse> {
    const { server, notice } = await startServer({ config: await read(), reread: read });
    return new WorkersHouse(folder, read, server, notice);
  }

  /** The same once more, after it has ended. */
  again(): Promise<WorkersHouse> {
    return WorkersHouse.#start(this.folder, this.#read);
  }

  get data(): string {
    return join(this.folder, 'data');
  }

  /** Puts other routes beside the server, to be read by a reload. */
  editRoutes(edit: (text: string) => string): void {
    const file = join(this.folder, 'routes.ts');
    writeFileSync(file, edit(readFileSync(file, 'utf8')));
  }

  log(): string {
    return readFileSync(join(this.data, 'viaduct.log'), 'utf8');
  }

  portOf(transport: TransportName, family: 4 | 6 = 4): number {
    return this.server.advertise.listeners.find((it) => it.transport === transport && it.family === family)!
      .port;
  }

  /** A phone that has not registered. */
  phone(
    user: string,
    peer: string,
    transport: TransportName = 'udp',
    family: 4 | 6 = 4,
  ): Promise<ScriptedPhone> {
    const local = family === 4 ? '127.0.0.1' : '::1';
    const leg = { transport, local, address: local, port: this.portOf(transport, family) };
    return ScriptedPhone.open(leg, { user, peer, domain: 'example.com', password: 'secret' }, user, peer);
  }

  /** A Call-ID that nobody has had, whose calls belong to that worker. */
  callOf(worker: number): string {
    return callIdOwnedBy(worker, WORKERS, `call-${++this.#calls}-`, '');
  }

  async control(...words: string[]): Promise<unknown> {
    const [method = '', ...params] = words;
    const answer = await callControl(controlPath(this.data), method, params);
    return answer.ok ? answer.result : answer.error;
  }

  /** One counter: of all, and of each worker. */
  async counted(
    group: string,
    counter: string,
  ): Promise<{ readonly all: number; readonly each: readonly number[] }> {
    const rows = (await this.control('statistics')) as Record<string, unknown>[];
    const row = rows.find((it) => it.group === group && it.counter === counter)!;
    const each = Array.from({ length: WORKERS }, (_, index) => Number(row[`worker${index}`]));
    return { all: Number(row.value), each };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
