// The sound of a scripted phone: it says who it is in every packet, and knows by them whom it hears.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { SessionDescription } from '../../src/wire/sdp/session-description.ts';

const PACKET_MS = 20;
const ENOUGH = 3; // packets that each side must hear
const HEADER = 12;
const SOUND = 160; // bytes of G.711 in a packet

interface Heard {
  readonly who: string;
  readonly round: number;
  readonly told: number; // packets that it has heard itself in that round
}

/** One RTP port of a phone. */
export class MediaPeer implements Disposable {
  readonly #socket: Socket;
  readonly #address: string;
  readonly #name: string;
  readonly #strangers = new Set<string>();
  readonly #ssrc = Math.floor(Math.random() * 2 ** 32);
  #sequence = Math.floor(Math.random() * 2 ** 15);
  #who = '';
  #round = 0;
  #heard = 0;
  #told = 0;
  #early: Heard[] = [];
  #wake = (): void => {};

  /** @param name of this phone in this call; no other has it */
  static async open(address: string, name: string): Promise<MediaPeer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new MediaPeer(socket, address, name);
  }

  private constructor(socket: Socket, address: string, name: string) {
    this.#socket = socket;
    this.#address = address;
    this.#name = name;
    socket.on('message', (packet) => this.#receive(packet));
  }

  /** What this phone offers or answers with. */
  get sdp(): string {
    const family = this.#address.includes(':') ? 6 : 4;
    const { port } = this.#socket.address();
    return [
      'v=0',
      `o=- 1 1 IN IP${family} ${this.#address}`,
      's=-',
      `c=IN IP${family} ${this.#address}`,
      't=0 0',
      `m=audio ${port} RTP/AVP 0`,
      '',
    ].join('\r\n');
  }

  /**
   * Talks to where a description says until both have heard each other.
   * @param who whose sound is to be heard, and nobody else's
   * @param round how often they have talked, this time included
   * @throws Error where that does not come to pass
   */
  async talk(description: string, who: string, round: number, limitMs: number): Promise<void> {
    const { address, port } = remoteOf(description);
    this.#begin(who, round);
    const end = Date.now() + limitMs;
    while (!this.#satisfied) {
      if (Date.now() > end) throw new Error(this.#complaint(`${address} ${port}`));
      this.#send(address, port);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PACKET_MS);
        this.#wake = () => {
          if (!this.#satisfied) return;
          clearTimeout(timer);
          resolve();
        };
      });
    }
    // What it says last is that it has heard enough.
    this.#send(address, port);
    if (this.#strangers.size > 0)
      throw new Error(`${this.#name} hears ${[...this.#strangers].join(' and ')} in its call`);
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  get #satisfied(): boolean {
    return this.#heard >= ENOUGH && this.#told >= ENOUGH;
  }

  #begin(who: string, round: number): void {
    this.#who = who;
    this.#round = round;
    this.#heard = 0;
    this.#told = 0;
    for (const heard of this.#early.splice(0)) this.#hear(heard);
  }

  #complaint(remote: string): string {
    const strangers = this.#strangers.size > 0 ? `, and ${[...this.#strangers].join(', ')}` : '';
    return `${this.#name} talks to ${remote}, hears ${this.#heard} packets${strangers}, and is heard ${this.#told} times (round ${this.#round})`;
  }

  #send(address: string, port: number): void {
    const packet = Buffer.alloc(HEADER + SOUND, 0xff);
    packet[0] = 0x80;
    packet[1] = 0;
    packet.writeUInt16BE(this.#sequence & 0xffff, 2);
    packet.writeUInt32BE((this.#sequence * SOUND) >>> 0, 4);
    packet.writeUInt32BE(this.#ssrc >>> 0, 8);
    this.#sequence++;
    packet.write(`${this.#name}|${this.#round}|${this.#heard}|`, HEADER, 'latin1');
    this.#socket.send(packet, port, address);
  }

  #receive(packet: Buffer): void {
    const heard = read(packet);
    if (!heard) return;
    // The other one may have begun already.
    if (heard.round > this.#round) this.#early.push(heard);
    else this.#hear(heard);
  }

  #hear({ who, round, told }: Heard): void {
    if (who !== this.#who) this.#strangers.add(who);
    else if (round === this.#round) {
      this.#heard++;
      this.#told = Math.max(this.#told, told);
      this.#wake();
    }
  }
}

function read(packet: Buffer): Heard | undefined {
  const [who, round, told] = packet.toString('latin1', HEADER).split('|');
  return who !== undefined && told !== undefined
    ? { who, round: Number(round), told: Number(told) }
    : undefined;
}

function remoteOf(description: string): { address: string; port: number } {
  const parsed = SessionDescription.parse(description);
  const medium = parsed.ok ? parsed.session.media[0] : undefined;
  if (!medium?.connection || medium.port === 0) throw new Error(`no sound is wanted:\n${description}`);
  return { address: medium.connection.address, port: medium.port };
}
