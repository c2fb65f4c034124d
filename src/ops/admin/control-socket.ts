import { once } from 'node:events';
import { chmod, unlink } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { ServerError } from '../../base/errors.ts';
import type { CommandRunner } from './command-table.ts';
import { readRequest } from './json-rpc.ts';

const MOST_CONNECTIONS = 16;
const LONGEST_LINE = 65_536;

/** Takes management commands on a Unix socket that only the owner of the process may open. */
export class ControlSocket implements AsyncDisposable {
  readonly #server: Server;
  readonly #commands: CommandRunner;
  readonly #sockets = new Set<Socket>();

  private constructor(commands: CommandRunner) {
    this.#commands = commands;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  /** @throws ServerError ADMIN_UNAVAILABLE where another server has the socket */
  static async refuseSecond(path: string): Promise<void> {
    if (await isServed(path)) {
      throw new ServerError(
        'ADMIN_UNAVAILABLE',
        `another server is running on this data directory (${path})`,
        {
          hint: 'stop it with "viaduct ctl stop", or give this one another directory: data: DIR',
        },
      );
    }
  }

  /** @throws ServerError ADMIN_UNAVAILABLE where another server has the socket, or none can be made */
  static async open(path: string, commands: CommandRunner): Promise<ControlSocket> {
    await ControlSocket.refuseSecond(path);
    await unlink(path).catch(() => {});
    const control = new ControlSocket(commands);
    try {
      await listenPrivately(control.#server, path);
      await chmod(path, 0o600);
    } catch (error) {
      throw new ServerError('ADMIN_UNAVAILABLE', `no control socket can be made at ${path}`, {
        cause: error,
      });
    }
    return control;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.end();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setEncoding('utf8');
    let held = '';
    socket.on('data', (chunk: string) => {
      const lines = (held + chunk).split('\n');
      held = lines.pop()!;
      if (held.length > LONGEST_LINE) socket.destroy();
      for (const line of lines) void this.#answer(line, socket);
    });
  }

  async #answer(line: string, socket: Socket): Promise<void> {
    const request = readRequest(line);
    const answer =
      'method' in request ? await this.#commands.run(request.method, request.params) : { error: request };
    const id = 'method' in request ? request.id : null;
    if (!socket.destroyed) socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`);
  }
}

/** The socket is made under a mask that shuts others out before its mode is set. */
async function listenPrivately(server: Server, path: string): Promise<void> {
  const mask = process.umask(0o177);
  try {
    server.listen(path);
    await once(server, 'listening');
  } finally {
    process.umask(mask);
  }
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
