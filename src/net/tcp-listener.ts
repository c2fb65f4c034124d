import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { logLine } from '../base/channels.ts';
import { BoundListener } from './bound-listener.ts';
import type { Connections } from './connections.ts';
import type { Endpoint } from './endpoint.ts';
import type { Flow } from './flow.ts';
import type { Listener } from './listener.ts';

const BACKLOG = 1024;

/** A TCP socket that listens; its connections stand in the table that all listeners share. */
export class TcpListener implements Endpoint {
  readonly listener: BoundListener;
  readonly #server: Server;
  readonly #connections: Connections;

  private constructor(listener: BoundListener, server: Server, connections: Connections) {
    this.listener = listener;
    this.#server = server;
    this.#connections = connections;
    server.on('connection', (socket) => {
      const { remoteAddress, remotePort } = socket;
      // A peer that is gone again has no address any more.
      if (remoteAddress === undefined || remotePort === undefined) socket.destroy();
      else connections.accept(socket, listener, remoteAddress, remotePort);
    });
    server.on('error', (error) => logLine('error', 'net', `${listener.name}: ${error.message}`));
  }

  /** Binds the socket and listens, or rejects with the system's error. */
  static async open(asked: Listener, connections: Connections, reusePort = false): Promise<TcpListener> {
    const server = createServer({ noDelay: true, keepAlive: true });
    const { address: host, port, family } = asked;
    server.listen({ host, port, backlog: BACKLOG, ipv6Only: family === 6, exclusive: true, reusePort });
    await once(server, 'listening');
    const bound = new BoundListener(asked, (server.address() as AddressInfo).port);
    return new TcpListener(bound, server, connections);
  }

  flowTo(address: string, port: number): Flow | undefined {
    return this.#connections.to(this.listener, address, port);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#connections.closeAll(this.listener, 'the listener closes');
    await closed;
  }
}
