// Connections that say one thing and are silent then.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { DOMAIN } from '../peers/peer.ts';

const AT_ONCE = 50;
const ANSWER_LIMIT_MS = 2000;
const SETTLE_MS = 500;

export class IdleConnections implements AsyncDisposable {
  readonly #sockets: readonly Socket[];

  private constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets;
  }

  get count(): number {
    return this.#sockets.length;
  }

  /** A few at a time; each waits for the answer to its request. @throws Error where one is refused or closed */
  static async open(count: number, port: number, secure: boolean): Promise<IdleConnections> {
    const sockets: Socket[] = [];
    while (sockets.length < count) {
      const more = Math.min(AT_ONCE, count - sockets.length);
      const from = sockets.length;
      sockets.push(
        ...(await Promise.all(Array.from({ length: more }, (_, i) => enter(from + i, port, secure)))),
      );
    }
    await wait(SETTLE_MS);
    const closed = sockets.filter(({ destroyed }) => destroyed).length;
    if (closed > 0) throw new Error(`${closed} of ${count} connections were closed`);
    return new IdleConnections(sockets);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await wait(SETTLE_MS);
  }
}

async function enter(number: number, port: number, secure: boolean): Promise<Socket> {
  const to = { port, host: '127.0.0.1' };
  const socket = secure ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
  await once(socket, secure ? 'secureConnect' : 'connect');
  socket.on('error', () => undefined);
  socket.write(options(number, secure ? 'TLS' : 'TCP'));
  await once(socket, 'data', { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
  return socket;
}

/** With no hop left, so that every proxy answers it by itself. */
function options(number: number, transport: string): string {
  return (
    `OPTIONS sip:${DOMAIN} SIP/2.0\r\nVia: SIP/2.0/${transport} 127.0.0.1:5070;rport;branch=z9hG4bKi${number}\r\n` +
    `Max-Forwards: 0\r\nFrom: <sip:idle@${DOMAIN}>;tag=i${number}\r\nTo: <sip:${DOMAIN}>\r\nCall-ID: idle-${number}\r\n` +
    'CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n'
  );
}
