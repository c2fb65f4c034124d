import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import type { IdSource } from '../../../base/ids.ts';
import type { KernelTools } from './tools.ts';

const NAME = /^viaduct_media_[0-9a-f]{8}$/;

/** A name for a table that nobody else has. */
export function tableName(ids: IdSource): string {
  return `viaduct_media_${ids.uint32().toString(16).padStart(8, '0')}`;
}

/**
 * The right to a table: while this process lives, it listens on an abstract socket of the table's name, which the kernel
 * closes with the process, however that ends. Like tables, such names belong to the network namespace.
 */
export class TableClaim implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws the system's error */
  static async make(table: string): Promise<TableClaim> {
    const server = createServer((socket) => socket.destroy());
    server.listen({ path: `\0${table}`, exclusive: true });
    await once(server, 'listening');
    server.unref();
    return new TableClaim(server);
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
