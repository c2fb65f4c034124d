import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { buildRequest } from '../../src/wire/sip/build.ts';
import { H } from '../../src/wire/sip/header-name.ts';
import { parseMessage } from '../../src/wire/sip/parse.ts';

/** Calls users one after another over UDP, and is content with any final answer. */
export class Caller implements Disposable {
  readonly #socket: Socket;
  readonly #port: number;

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
  }

  static async open(port: number): Promise<Caller> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new Caller(socket, port);
  }

  /** @returns the status of the final answer */
  async call(user: string): Promise<number> {
    const uri = `sip:${user}@example.com`;
    const via = `SIP/2.0/UDP 127.0.0.1:${this.#socket.address().port};branch=z9hG4bK-${user}`;
    const headers: [string, string][] = [
      ['Via', via],
      ['From', '<sip:caller@example.com>;tag=c'],
      ['To', `<${uri}>`],
      ['Call-ID', `call-${user}`],
      ['Max-Forwards', '70'],
    ];
    const contact: [string, string] = ['Contact', `<sip:caller@127.0.0.1:${this.#socket.address().port}>`];
    this.#send('INVITE', uri, [...headers, ['CSeq', '1 INVITE'], contact]);
    for (;;) {
      const [bytes] = (await once(this.#socket, 'message')) as [Buffer];
      const parsed = parseMessage(bytes);
      if (!parsed.ok || parsed.message.status < 200 || parsed.message.callId !== `call-${user}`) continue;
      const to: [string, string] = ['To', parsed.message.get(H.To) ?? ''];
      const others = headers.filter(([name]) => name !== 'To');
      this.#send('ACK', uri, [...others, to, ['CSeq', '1 ACK']]);
      return parsed.message.status;
    }
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #send(method: string, requestUri: string, headers: [string, string][]): void {
    this.#socket.send(buildRequest({ method, requestUri, headers }), this.#port, '127.0.0.1');
  }
}
