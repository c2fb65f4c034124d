import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Clock } from '../../base/clock.ts';
import { type IpFamily, ipFamily } from '../../base/ip.ts';
import { packetKind, payloadType, sequenceNumber, ssrc, timestamp } from '../../wire/rtp/rtp-header.ts';
import { sameEndpoint } from './endpoint.ts';
import type { Endpoint, FastRule, MediaPort, PortCounters, PortUser } from './packet-path.ts';
import { Quality } from './quality.ts';

/** Room for about a second of sound: what waits longer is of no use to the ear any more. */
const RECEIVE_BUFFER_BYTES = 65_536;
/** Datagrams that may wait for the kernel; more are dropped. */
const MOST_QUEUED = 64;

/** A {@link MediaPort} over `node:dgram`. */
export class PortablePort implements MediaPort {
  readonly address: string;
  readonly port: number;
  readonly family: IpFamily;
  user: PortUser | undefined;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #quality = new Quality();
  #rule: FastRule | undefined;
  readonly #siblings: Set<PortablePort>;
  /** One for all packets. */
  readonly #sent: (error: Error | null, octets: number) => void = (error, octets) => {
    if (error) this.#failed++;
    else {
      this.#packetsOut++;
      this.#octetsOut += octets;
    }
  };
  #packetsIn = 0;
  #octetsIn = 0;
  #packetsOut = 0;
  #octetsOut = 0;
  #failed = 0;
  #lastFast: number | undefined;

  private constructor(
    socket: Socket,
    address: string,
    family: IpFamily,
    clock: Clock,
    siblings: Set<PortablePort>,
  ) {
    this.address = address;
    this.port = socket.address().port;
    this.family = family;
    this.#socket = socket;
    this.#clock = clock;
    this.#siblings = siblings.add(this);
    socket.on('message', (bytes, source) => this.#arrived(bytes, source));
    socket.on('error', () => this.#failed++);
  }

  /**
   * @param siblings where it stands while it is open
   * @throws the system's error
   */
  static async open(
    address: string,
    port: number,
    clock: Clock,
    siblings: Set<PortablePort>,
  ): Promise<PortablePort> {
    const family = ipFamily(address) || 4;
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      ipv6Only: family === 6,
      recvBufferSize: RECEIVE_BUFFER_BYTES,
      // Destinations are addresses already; the look-up that Node makes by default would cost a turn of the loop each.
      lookup: (host, _options, found) => found(null, host, family),
    });
    try {
      // The look-up above answers at once, so the socket may be bound before `bind` returns.
      const listening = once(socket, 'listening');
      socket.bind({ address, port, exclusive: true });
      await listening;
    } catch (error) {
      socket.close();
      throw error;
    }
    return new PortablePort(socket, address, family, clock, siblings);
  }

  setFast(rule: FastRule | undefined): void {
    this.#rule = rule;
    this.#quality.interrupt();
  }

  send(bytes: Buffer, to: Endpoint): void {
    // A datagram that has to wait for the kernel is not copied by Node.
    this.#transmit(Buffer.from(bytes), to);
  }

  counters(): PortCounters {
    return {
      packetsIn: this.#packetsIn,
      octetsIn: this.#octetsIn,
      packetsOut: this.#packetsOut,
      octetsOut: this.#octetsOut,
      failed: this.#failed,
      lastFast: this.#lastFast,
      quality: this.#quality.counters(),
    };
  }

  close(): void {
    if (!this.#siblings.delete(this)) return;
    this.user = undefined;
    this.#rule = undefined;
    this.#socket.close();
  }

  #arrived(bytes: Buffer, source: Endpoint): void {
    this.#packetsIn++;
    this.#octetsIn += bytes.length;
    const rule = this.#rule;
    const via = rule?.via;
    if (
      !rule ||
      !(via instanceof PortablePort && this.#siblings.has(via)) ||
      !sameEndpoint(source, rule.source) ||
      !isOf(rule, bytes)
    ) {
      this.user?.packet(this, bytes, source);
      return;
    }
    const now = this.#clock.now();
    const type = payloadType(bytes);
    if (rule.ssrc !== undefined) this.#quality.add(type, sequenceNumber(bytes), timestamp(bytes), now);
    if (rule.aside?.includes(type)) {
      this.user?.packet(this, bytes, source);
      return;
    }
    this.#lastFast = now;
    via.#transmit(bytes, rule.to);
    if (rule.copies) this.user?.copy(this, bytes, source);
  }

  #transmit(bytes: Buffer, to: Endpoint): void {
    if (!this.#maySendTo(to)) {
      this.#failed++;
      return;
    }
    this.#socket.send(bytes, to.port, to.address, this.#sent);
  }

  #maySendTo({ port }: Endpoint): boolean {
    return (
      port > 0 && port <= 65_535 && this.#siblings.has(this) && this.#socket.getSendQueueCount() < MOST_QUEUED
    );
  }
}

/** An SSRC makes it a rule for RTP. */
function isOf(rule: FastRule, bytes: Buffer): boolean {
  return rule.ssrc === undefined || (packetKind(bytes) === 'rtp' && ssrc(bytes) === rule.ssrc);
}
