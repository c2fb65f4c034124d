import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { formatHostPort } from '../../base/ip.ts';
import type { StreamAddress } from './control-address.ts';
import { type Door, type DoorContext, listenFailed } from './datagram-door.ts';
import { StreamExchange } from './stream-exchange.ts';

/** Controllers keep one connection a process. */
const MOST_CONNECTIONS = 512;
/** Bytes of answers that a peer may leave unread. */
const MOST_UNREAD = 1 << 20;

interface Connection {
  readonly socket: Socket;
  readonly exchange: StreamExchange;
}

export interface StreamDoorOptions {
  /** Access of a unix socket, as `0o660`; what the umask leaves else. */
  readonly mode?: number | undefined;
  readonly mostConnections?: number;
}

/** Commands by TCP or a unix socket (`tcp:`, `tcp6:`, `unix:`, `cunix:`). @throws ServerError NET_LISTEN_FAILED */
export async function openStreamDoor(
  address: StreamAddress,
  context: DoorContext,
  options: StreamDoorOptions = {},
): Promise<Door> {
  const door = new StreamDoor(address.kind === 'unix', context, options.mostConnections ?? MOST_CONNECTIONS);
  const name = 'path' in address ? `${address.kind}:${address.path}` : undefined;
  try {
    if ('path' in address) {
      await removeLeft(address.path);
      await door.listen({ path: address.path });
      if (options.mode !== undefined) await chmod(address.path, options.mode);
    } else {
      await door.listen({ port: address.port, host: address.host, ipv6Only: address.kind === 'tcp6' });
    }
  } catch (error) {
    await door[Symbol.asyncDispose]();
    const wanted = 'host' in address ? formatHostPort(address.host, address.port) : '';
    throw listenFailed(name ?? `${address.kind}:${wanted}`, error);
  }
  return {
    name: name ?? `${address.kind}:${door.boundTo}`,
    [Symbol.asyncDispose]: () => door[Symbol.asyncDispose](),
  };
}

class StreamDoor implements AsyncDisposable {
  readonly #oneCommand: boolean;
  readonly #context: DoorContext;
  readonly #most: number;
  readonly #server: Server;
  /** In the order in which they came. */
  readonly #connections = new Set<Connection>();

  constructor(oneCommand: boolean, context: DoorContext, most: number) {
    this.#oneCommand = oneCommand;
    this.#context = context;
    this.#most = most;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  get boundTo(): string {
    const bound = this.#server.address();
    return typeof bound === 'object' && bound ? formatHostPort(bound.address, bound.port) : '';
  }

  listen(where: { path: string } | { port: number; host: string; ipv6Only: boolean }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(where, () => {
        this.#server.off('error', reject);
        this.#server.on('error', () => {});
        resolve();
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#connections) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    if (this.#connections.size >= this.#most) this.#makeRoom();
    if (this.#connections.size >= this.#most) {
      this.#context.counters.refused++;
      socket.destroy();
      return;
    }
    const exchange = new StreamExchange(
      this.#context.execute,
      { address: socket.remoteAddress },
      {
        write: (text) => {
          socket.write(text, 'latin1');
          if (socket.writableLength <= MOST_UNREAD) return;
          this.#context.counters.stalled++;
          socket.destroy();
        },
        close: () => socket.end(() => socket.destroy()),
        flow: (wanted) => (wanted ? socket.resume() : socket.pause()),
      },
      { oneCommand: this.#oneCommand },
      this.#context.counters,
    );
    const connection: Connection = { socket, exchange };
    this.#connections.add(connection);
    socket.on('data', (chunk: Buffer) => exchange.receive(chunk));
    socket.on('end', () => exchange.end());
    socket.on('error', () => {});
    socket.on('close', () => this.#connections.delete(connection));
  }

  /** Who has never said anything gives way, so that nobody keeps controllers out by connecting alone. */
  #makeRoom(): void {
    for (const connection of this.#connections) {
      if (connection.exchange.commands > 0) continue;
      this.#context.counters.refused++;
      this.#connections.delete(connection);
      connection.socket.destroy();
      return;
    }
  }
}

/** Takes away the socket that a process has left which ended without closing it; one where somebody listens stays. */
async function removeLeft(path: string): Promise<void> {
  const code = await new Promise<string | undefined>((resolve) => {
    const probe = connect(path);
    probe.on('connect', () => {
      probe.destroy();
      resolve(undefined);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  // A file that is no socket refuses connections too.
  if (code === 'ECONNREFUSED' && (await lstat(path)).isSocket()) await unlink(path);
}
