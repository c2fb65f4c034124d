import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeRtpHeader } from '../../src/wire/rtp/rtp-header.ts';

/** A telephone's socket, or a stranger's: keeps what it gets, and lets a test wait for it. */
export class Peer implements AsyncDisposable {
  readonly address: string;
  readonly port: number;
  readonly heard: string[] = [];
  readonly #socket: Socket;
  #wake = (): void => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    ({ address: this.address, port: this.port } = socket.address());
    socket.on('message', (bytes) => {
      this.heard.push(textOf(bytes));
      this.#wake();
    });
    // A port that is closed by now may say so.
    socket.on('error', () => {});
  }

  /** @param port 0 for any */
  static async open(address: string, port = 0): Promise<Peer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4').bind(port, address);
    await once(socket, 'listening');
    return new Peer(socket);
  }

  /** @returns two peers on an even port and its neighbour */
  static async openPair(address: string): Promise<[Peer, Peer]> {
    for (;;) {
      const first = await Peer.open(address);
      const second =
        first.port % 2 === 0 ? await Peer.open(address, first.port + 1).catch(() => {}) : undefined;
      if (second) return [first, second];
      await first[Symbol.asyncDispose]();
    }
  }

  /** Resolves when the kernel has the packet. */
  say(bytes: Buffer, to: { readonly address: string; readonly port: number }): Promise<void> {
    return new Promise((resolve) => this.#socket.send(bytes, to.port, to.address, () => resolve()));
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  untilHeard(text: string): Promise<void> {
    return this.until(() => this.heard.includes(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}

export interface Sound {
  readonly sequence?: number;
  readonly ssrc?: number;
  readonly type?: number;
}

/** RTP with a text for a payload. */
export function rtp(text: string, { sequence = 1, ssrc = 7, type = 0 }: Sound = {}): Buffer {
  const bytes = Buffer.alloc(12 + text.length, text);
  bytes.write(text, 12);
  writeRtpHeader(bytes, { payloadType: type, sequenceNumber: sequence, timestamp: 160 * sequence, ssrc });
  return bytes;
}

/** A report of nothing, with a text behind it as an APP packet (RFC 3550 §6.7). */
export function rtcp(text: string): Buffer {
  const padded = Buffer.alloc(4 * Math.ceil(text.length / 4));
  padded.write(text);
  const app = Buffer.from([0x80, 204, 0, 2 + padded.length / 4, 0, 0, 0, 7, 0x74, 0x65, 0x73, 0x74]);
  return Buffer.concat([Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 7]), app, padded]);
}

function textOf(bytes: Buffer): string {
  const from = bytes[1] === 201 ? 20 : 12;
  return bytes.toString('latin1', from).replaceAll('\0', '');
}
