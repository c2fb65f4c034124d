import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { buildRequest, buildResponse } from '../../src/wire/sip/build.ts';
import { DEFAULT_FRAMER_LIMITS, StreamFramer } from '../../src/wire/sip/framer.ts';
import { parseMessage } from '../../src/wire/sip/parse.ts';

/** Phones of one loopback address: the server bounds what one source may hold. */
const PER_ADDRESS = 100;
/** Connections that are being opened at once: below the server's bound of half-open ones. */
const AT_ONCE = 64;
const BUSY = 486;

/** Many phones in one process, each with a TCP connection that it has registered on as a flow (RFC 5626). */
export class Crowd implements Disposable {
  readonly #port: number;
  readonly #sockets: Socket[] = [];
  /** Users that were called. */
  readonly called: Set<string> = new Set();
  /** Connections that the server has closed. */
  lost = 0;

  /** @param port of the server on 127.0.0.1 */
  constructor(port: number) {
    this.#port = port;
  }

  get size(): number {
    return this.#sockets.length;
  }

  /** Opens connections until there are `size`, each registered when this resolves. */
  async grow(size: number): Promise<void> {
    let next = this.#sockets.length;
    const worker = async () => {
      while (next < size) await this.#join(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #join(index: number): Promise<void> {
    const address = addressOf(index);
    const socket = connect({ host: '127.0.0.1', port: this.#port, localAddress: address, noDelay: true });
    await once(socket, 'connect');
    this.#sockets.push(socket);
    socket.on('close', () => void this.lost++);
    socket.on('error', () => {});
    const contact = `sip:u${index}@${address}:${socket.localPort};transport=tcp;ob`;
    const registered = Promise.withResolvers<void>();
    const framer = new StreamFramer(DEFAULT_FRAMER_LIMITS, {
      message: (bytes) => this.#take(bytes, socket, registered, contact),
      ping: () => socket.write('\r\n'),
      fault: (fault) => registered.reject(new Error(fault)),
    });
    socket.on('data', (chunk: Buffer) => framer.push(chunk));
    socket.write(register(index, contact));
    await registered.promise;
  }

  #take(bytes: Buffer, socket: Socket, registered: PromiseWithResolvers<void>, contact: string): void {
    const parsed = parseMessage(bytes);
    if (!parsed.ok) return;
    const { message } = parsed;
    if (message.cseq?.method === 'REGISTER') {
      if (message.status === 200) registered.resolve();
      else registered.reject(new Error(`REGISTER: ${message.status} ${message.reason}`));
    } else if (message.method === 'INVITE') {
      this.called.add(message.uri?.user ?? contact);
      socket.write(buildResponse(message, { status: BUSY, toTag: 'crowd' }));
    }
  }
}

function addressOf(index: number): string {
  const host = Math.floor(index / PER_ADDRESS);
  return `127.1.${host >> 8}.${(host & 255) + 1}`.replace('.256', '.255');
}

function register(index: number, contact: string): Buffer {
  const aor = `sip:u${index}@example.com`;
  const sentBy = contact.slice(contact.indexOf('@') + 1, contact.indexOf(';'));
  return buildRequest({
    method: 'REGISTER',
    requestUri: 'sip:example.com',
    headers: [
      ['Via', `SIP/2.0/TCP ${sentBy};branch=z9hG4bK-crowd-${index}`],
      ['From', `<${aor}>;tag=${index}`],
      ['To', `<${aor}>`],
      ['Call-ID', `crowd-${index}`],
      ['CSeq', '1 REGISTER'],
      ['Contact', `<${contact}>;reg-id=1;+sip.instance="<urn:uuid:crowd-${index}>"`],
      ['Supported', 'path, outbound'],
      ['Max-Forwards', '70'],
      ['Expires', '3600'],
    ],
  });
}
