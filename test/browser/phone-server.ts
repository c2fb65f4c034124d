import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/ops/config/load-config.ts';
import type { ServerConfig } from '../../src/ops/config/server-config.ts';
import { databasePath } from '../../src/ops/subscribers.ts';
import { Server } from '../../src/server.ts';
import { Database } from '../../src/store/sqlite/database.ts';
import { SqliteSubscribers } from '../../src/store/sqlite/subscribers.ts';

export const PASSWORD = 'secret';

/** Viaduct in this process, on WSS for browsers and on UDP for the others, all on loopback. */
export class PhoneServer implements AsyncDisposable {
  readonly folder: string;
  readonly #server: Server;

  private constructor(folder: string, server: Server) {
    this.folder = folder;
    this.#server = server;
  }

  /** @param users of example.com, all with {@link PASSWORD} */
  static async start(users: readonly string[]): Promise<PhoneServer> {
    const folder = await mkdtemp(join(tmpdir(), 'viaduct-browser-'));
    const file = join(folder, 'viaduct.yaml');
    await writeFile(
      file,
      [
        'listen: [wss:127.0.0.1:0, udp:127.0.0.1:0]',
        'tls: { selfSigned: true }',
        'domains: [example.com]',
        'data: ./data',
        '',
      ].join('\n'),
    );
    const read = async (): Promise<ServerConfig> => {
      const result = await loadConfig({ file }, { environment: {}, workingDirectory: folder });
      if (!result.ok) throw new Error(result.text);
      return result.config;
    };
    const server = await Server.start({ config: await read(), reread: read });
    await using database = Database.open(databasePath(join(folder, 'data')));
    const subscribers = new SqliteSubscribers(database);
    for (const user of users) subscribers.add(user, 'example.com', PASSWORD);
    return new PhoneServer(folder, server);
  }

  get wssPort(): number {
    return this.#port('wss');
  }

  get udpPort(): number {
    return this.#port('udp');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }

  #port(transport: string): number {
    return this.#server.network.listeners.find((listener) => listener.transport === transport)!.port;
  }
}
