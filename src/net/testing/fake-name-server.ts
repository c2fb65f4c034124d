import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { type Answer, decode, encode, type Packet } from 'dns-packet';

/** Says what is answered to a question; undefined leaves it without an answer. */
export type Answering = (query: Packet, overTcp: boolean) => Packet | Buffer | readonly Buffer[] | undefined;

/** A name server on loopback, UDP and TCP on one port, that answers as a test says. */
export class FakeNameServer implements AsyncDisposable {
  answering: Answering;
  /** Questions as they came: `A eXample.com`, with ` tcp` behind those over TCP. */
  readonly asked: string[] = [];
  /** Ports that questions over UDP came from. */
  readonly ports: number[] = [];
  readonly ids: number[] = [];
  readonly #udp: Socket;
  readonly #tcp: Server;

  private constructor(answering: Answering, udp: Socket, tcp: Server) {
    this.answering = answering;
    this.#udp = udp;
    this.#tcp = tcp;
    udp.on('message', (bytes, peer) => {
      this.ports.push(peer.port);
      for (const answer of this.#answers(bytes, false)) udp.send(answer, peer.port, peer.address);
    });
    tcp.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes: Buffer) => {
        for (const answer of this.#answers(bytes.subarray(2), true)) {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(answer.length);
          socket.write(Buffer.concat([length, answer]));
        }
      });
    });
  }

  static async open(answering: Answering): Promise<FakeNameServer> {
    for (;;) {
      const tcp = createServer().listen(0, '127.0.0.1');
      await once(tcp, 'listening');
      const udp = createSocket('udp4');
      udp.bind((tcp.address() as { port: number }).port, '127.0.0.1');
      try {
        await once(udp, 'listening');
        return new FakeNameServer(answering, udp, tcp);
      } catch {
        // The port of the one is taken for the other: another one.
        tcp.close();
      }
    }
  }

  get address(): string {
    return `127.0.0.1:${this.#udp.address().port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#udp.close();
    this.#tcp.close();
  }

  #answers(bytes: Buffer, overTcp: boolean): readonly Buffer[] {
    const query = decode(bytes);
    const question = query.questions![0]!;
    this.asked.push(`${question.type} ${question.name}${overTcp ? ' tcp' : ''}`);
    this.ids.push(query.id!);
    const answer = this.answering(query, overTcp);
    if (answer === undefined) return [];
    if (Buffer.isBuffer(answer)) return [answer];
    return Array.isArray(answer) ? (answer as readonly Buffer[]) : [encode(answer as Packet)];
  }
}

/** An answer with these records. `rcode` 3: no such name; 2: failed. */
export function answerOf(
  query: Packet,
  answers: readonly Answer[],
  more: { readonly rcode?: number; readonly authorities?: readonly Answer[]; readonly flags?: number } = {},
): Packet {
  return {
    type: 'response',
    id: query.id,
    flags: 0x0180 | (more.rcode ?? 0) | (more.flags ?? 0),
    questions: query.questions,
    answers: [...answers],
    authorities: [...(more.authorities ?? [])],
  };
}
