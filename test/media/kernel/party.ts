// A party on its machine: sends RTP at a steady pace, and remembers what it heard.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { sequenceNumber, ssrc } from '../../../src/wire/rtp/rtp-header.ts';
import { obey } from './remote-process.ts';

export interface Heard {
  readonly sequence: number;
  readonly ssrc: number;
  readonly length: number;
  readonly from: string;
}

/** What is short enough to be asked for again and again. */
export interface Tally {
  readonly count: number;
  readonly last: Heard | undefined;
}

export interface Sending {
  readonly to: { readonly address: string; readonly port: number };
  readonly ssrc: number;
  /** The second byte: the payload type, or a packet type of RTCP. */
  readonly type?: number;
  readonly length?: number;
}

let socket: Socket;
let sequence = 0;
let commands = 0;
let pace: NodeJS.Timeout | undefined;
const heard: Heard[] = [];

function send({ to, ssrc, type = 0, length = 172 }: Sending): void {
  const bytes = Buffer.alloc(Math.max(length, 12));
  bytes[0] = 0x80;
  bytes[1] = type;
  bytes.writeUInt16BE(sequence++ & 0xffff, 2);
  bytes.writeUInt32BE(ssrc, 8);
  socket.send(bytes.subarray(0, length), to.port, to.address);
}

await obey({
  async open({ address, port }: { address: string; port: number }) {
    socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4_000_000 });
    socket.bind(port, address);
    await once(socket, 'listening');
    socket.on('message', (bytes, { address, port }) => {
      const from = `${address} ${port}`;
      heard.push({ sequence: sequenceNumber(bytes), ssrc: ssrc(bytes), length: bytes.length, from });
    });
  },
  say: (sending: Sending) => send(sending),
  /** One packet each millisecond, until it is told to stop. */
  start(sending: Sending) {
    pace = setInterval(() => send(sending), 1);
  },
  /** @returns how many packets there were since the beginning */
  stop() {
    clearInterval(pace);
    return sequence;
  },
  /** @param after how many are known already */
  heard: ({ after = 0 }: { after?: number }) => heard.slice(after),
  tally: (): Tally => ({ count: heard.length, last: heard.at(-1) }),
  /** A command to a relay, over a socket of its own. @returns its answer, without the cookie */
  async command({ text, to }: { text: string; to: { address: string; port: number } }) {
    const control = createSocket('udp4');
    const answered = once(control, 'message');
    control.send(`${process.pid}_${++commands} ${text}`, to.port, to.address);
    const [answer] = (await answered) as [Buffer];
    control.close();
    return answer.toString('latin1').trim().replace(/^\S+ /, '');
  },
});
