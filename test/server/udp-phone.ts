import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { buildRequest } from '../../src/wire/sip/build.ts';
import type { SipMessage } from '../../src/wire/sip/message.ts';
import { parseMessage } from '../../src/wire/sip/parse.ts';
import { answerChallenge } from '../../testing/digest-answer.ts';

/** A phone on a real loopback socket that sends one request after another. */
export class UdpPhone implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #server: number;
  #count = 0;

  private constructor(socket: Socket, server: number) {
    this.#socket = socket;
    this.#server = server;
  }

  /** @param server the port of the server on 127.0.0.1 */
  static async open(server: number): Promise<UdpPhone> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new UdpPhone(socket, server);
  }

  /** Sends a request for an address-of-record, with credentials where it is asked for them. @returns the last answer */
  async request(method: string, uri: string, aor: string, password?: string): Promise<SipMessage> {
    const first = await this.#send(method, uri, aor, []);
    const user = aor.slice(aor.indexOf(':') + 1, aor.indexOf('@'));
    const header = password && answerChallenge(first, { method, uri }, { user, password });
    return header ? this.#send(method, uri, aor, [header]) : first;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  async #send(
    method: string,
    uri: string,
    aor: string,
    headers: Parameters<typeof buildRequest>[0]['headers'],
  ): Promise<SipMessage> {
    const { port } = this.#socket.address();
    const count = ++this.#count;
    const bytes = buildRequest({
      method,
      requestUri: uri,
      headers: [
        ['Via', `SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bK-${port}-${count}`],
        ['From', `<${aor}>;tag=${port}`],
        ['To', `<${method === 'REGISTER' ? aor : uri}>`],
        ['Call-ID', `phone-${port}`],
        ['CSeq', `${count} ${method}`],
        ['Contact', `<sip:phone@127.0.0.1:${port}>`],
        ['Max-Forwards', '70'],
        ...headers,
      ],
    });
    this.#socket.send(bytes, this.#server, '127.0.0.1');
    for (;;) {
      const [answer] = (await once(this.#socket, 'message')) as [Buffer];
      const parsed = parseMessage(answer);
      if (parsed.ok && parsed.message.status >= 200) return parsed.message;
    }
  }
}
