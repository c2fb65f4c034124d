import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import type { IdSource } from '../../../base/ids.ts';
import type { KernelTools } from './tools.ts';

const PREFIX = 'viaduct_media_';
const NAME = /^viaduct_media_[0-9a-f]{8}$/;

/**
 * A name for a table of this process alone. While it lives, it listens on an abstract socket of that name, which the
 * kernel closes with the process, however that ends; like tables, such names belong to the network namespace.
 */
export class TableClaim implements AsyncDisposable {
  readonly table: string;
  readonly #server: Server;

  private constructor(table: string, server: Server) {
    this.table = table;
    this.#server = server;
  }

  /** @throws the system's error */
  static async make(ids: IdSource): Promise<TableClaim> {
    const table = `${PREFIX}${ids.uint32().toString(16).padStart(8, '0')}`;
    const server = createServer((socket) => socket.destroy());
    server.listen({ path: `\0${table}`, exclusive: true });
    await once(server, 'listening');
    server.unref();
    return new TableClaim(table, server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Takes away the tables of relays that were killed. */
export async function removeOrphans(tools: KernelTools): Promise<void> {
  for (const table of await tablesIn(tools)) {
    if (await hasOwner(table)) continue;
    await tools.run('nft', ['delete', 'table', 'netdev', table]);
  }
}

async function tablesIn(tools: KernelTools): Promise<string[]> {
  const { text } = await tools.run('nft', ['-j', 'list', 'tables', 'netdev']);
  try {
    const { nftables } = JSON.parse(text) as { nftables: { table?: { name?: string } }[] };
    return nftables.map(({ table }) => table?.name ?? '').filter((name) => NAME.test(name));
  } catch {
    return [];
  }
}

async function hasOwner(table: string): Promise<boolean> {
  const socket = connect({ path: `\0${table}` });
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    // Whoever may not ask must leave it.
    return (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED';
  } finally {
    socket.destroy();
  }
}
