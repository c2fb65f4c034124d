import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { StreamAddress } from '../node-spec.ts';
import { type Answering, FakeRelay } from './fake-relays.ts';

/** A relay on a real stream socket: a {@link FakeRelay} that is asked line by line. */
export class StreamRelay implements AsyncDisposable {
  readonly relay: FakeRelay = new FakeRelay('10.0.0.1');
  /** Connections since the start. */
  connections = 0;
  /** Lines as they came. */
  readonly lines: string[] = [];
  /** What is written for a line, with its line end; undefined: the relay's answer. */
  raw: Answering = () => undefined;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #heard: (() => void) | undefined;

  private constructor() {
    this.#server = createServer((socket) => this.#connected(socket));
  }

  static async open(where: { path: string } | { host: string; port: number }): Promise<StreamRelay> {
    const opened = new StreamRelay();
    opened.#server.listen(where);
    await once(opened.#server, 'listening');
    return opened;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  get address(): StreamAddress {
    return { transport: 'tcp', host: '127.0.0.1', port: this.port, family: 4 };
  }

  /** How many connections are open. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Settles when the next line has come. */
  heard(): Promise<void> {
    return new Promise((resolve) => (this.#heard = resolve));
  }

  write(text: string): void {
    for (const socket of this.#sockets) socket.write(text, 'latin1');
  }

  /** Ends the connections behind what was written. */
  end(): void {
    for (const socket of this.#sockets) socket.end();
  }

  /** Closes the connections, not the door. */
  async hangUp(): Promise<void> {
    await Promise.all([...this.#sockets].map((socket) => once(socket.destroy(), 'close')));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hangUp();
    this.#server.close();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #connected(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString('latin1').split('\n')) {
        if (line === '') continue;
        this.lines.push(line);
        // The fake wants a cookie; a stream has none.
        const answer = this.relay.take(`${this.lines.length} ${line}`);
        const written = this.raw(line) ?? answer?.slice(answer.indexOf(' ') + 1);
        if (written !== undefined) socket.write(written, 'latin1');
        this.#heard?.();
      }
    });
  }
}
