import { chmod, lstat, unlink } from 'node:fs/promises';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { logLine } from '../../base/channels.ts';
import { ServerError } from '../../base/errors.ts';
import { canonicalHost } from '../../base/ip.ts';
import { LineFramer } from '../../wire/rtpproxy/frame.ts';
import type { NotifySocket } from '../../wire/rtpproxy/notification.ts';

export interface NotifyListenerOptions {
  readonly socket: NotifySocket;
  /**
   * Whether an address (canonical) is that of a relay; not asked for unix sockets, which the file's rights guard.
   * @param isHere whether it is one of this very machine
   */
  readonly isRelay: (address: string, isHere: boolean) => boolean;
  /** @param from the relay's address, undefined over a unix socket. @returns whether the line meant anything */
  readonly line: (line: string, from: string | undefined) => boolean;
  /** Whether any user of this machine may write to a unix socket; else only the own one and root. */
  readonly anyUser?: boolean | undefined;
}

const MOST_CONNECTIONS = 256;

/**
 * Where relays connect to tell that media stopped, or which key was pressed. Strangers are turned away, and so is whoever
 * sends lines without end.
 */
export class NotifyListener implements AsyncDisposable {
  /** Connections turned away: strangers, or too many. */
  refused = 0;
  /** Lines that meant nothing. */
  strays = 0;
  readonly #options: NotifyListenerOptions;
  readonly #server: Server;
  readonly #connections = new Set<Socket>();

  private constructor(options: NotifyListenerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#connected(socket));
  }

  /** @throws ServerError NET_LISTEN_FAILED */
  static async open(options: NotifyListenerOptions): Promise<NotifyListener> {
    const listener = new NotifyListener(options);
    const { socket } = options;
    const where = socket.kind === 'unix' ? { path: socket.path } : { host: socket.host, port: socket.port };
    try {
      if (socket.kind === 'unix') await removeStale(socket.path);
      await listening(listener.#server, where);
      if (socket.kind === 'unix') await chmod(socket.path, options.anyUser ? 0o666 : 0o600);
    } catch (error) {
      listener.#server.close();
      const { code, message } = error as NodeJS.ErrnoException;
      throw new ServerError(
        'NET_LISTEN_FAILED',
        `notify socket ${Object.values(where).join(':')}: ${code ?? message}`,
        { hint: 'choose another address or path for the notifications of relays', cause: error },
      );
    }
    listener.#server.on('error', (error) => logLine('error', 'media', `notify socket: ${error.message}`));
    return listener;
  }

  /** The bound port; undefined for a unix socket. */
  get port(): number | undefined {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #connected(socket: Socket): void {
    const { remoteAddress, localAddress } = socket;
    const from = remoteAddress === undefined ? undefined : canonicalHost(remoteAddress);
    const known =
      this.#options.socket.kind === 'unix' ||
      (from !== undefined && this.#options.isRelay(from, remoteAddress === localAddress));
    if (!known || this.#connections.size >= MOST_CONNECTIONS) {
      this.refused++;
      logLine('warn', 'media', `a notification from ${from ?? 'a unix socket'} was refused`, {
        reason: known ? 'too many connections' : 'no relay has this address',
      });
      socket.destroy();
      return;
    }
    const framer = new LineFramer();
    this.#connections.add(socket);
    socket.on('data', (chunk: Buffer) => {
      for (const line of framer.push(chunk)) if (!this.#options.line(line, from)) this.strays++;
      if (framer.overflow) socket.destroy();
    });
    // The last line may come without its end.
    socket.on('end', () => {
      const rest = framer.rest.trim();
      if (rest !== '' && !this.#options.line(rest, from)) this.strays++;
      socket.end();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#connections.delete(socket));
  }
}

/** A socket's file outlives its server: one that nobody serves any more is in the way. */
async function removeStale(path: string): Promise<void> {
  const refused = await new Promise<boolean>((resolve) => {
    const probe = dial({ path });
    probe.on('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
  if (refused && (await lstat(path)).isSocket()) await unlink(path);
}

function listening(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
