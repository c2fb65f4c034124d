import type { Clock } from '../../base/clock.ts';
import {
  packetKind,
  payloadStart,
  payloadType,
  sequenceNumber,
  timestamp,
} from '../../wire/rtp/rtp-header.ts';
import { Latch } from './latch.ts';
import type { MediaStream } from './media-stream.ts';
import type {
  Endpoint,
  FastRule,
  MediaPort,
  PortCounters,
  PortPair,
  PortUser,
  QualityCounters,
} from './packet-path.ts';
import { PacketResizer, type ResizeCounters } from './packet-resizer.ts';
import { PortTotals, sumOfQuality } from './port-totals.ts';
import { Quality } from './quality.ts';
import type { LearnSettings, MediaAddress } from './relay-settings.ts';
import { RtcpLatch } from './rtcp-latch.ts';
import type { SideTap } from './side-tap.ts';
import { Taps } from './taps.ts';

/** Packets of RTP and RTCP that went no further, and why. */
export interface DropCounters {
  /** RTP that is cut off, and what is no RTCP on the port of RTCP. */
  malformed: number;
  /** From sources that are not the party. */
  strangers: number;
  /** Held back while their source or SSRC was not yet believed. */
  watched: number;
  /** The party's, when the other one was on hold or its address not known. */
  undeliverable: number;
}

/**
 * The two ports that one party sends to. What comes in is that party's or is dropped; it leaves from the other side's
 * ports. What leaves from here goes to the same party.
 */
export class StreamSide implements PortUser {
  readonly stream: MediaStream;
  /** rtpproxy's number of the stream: 0 faces the party that the session's first `U` did not speak for. */
  readonly index: 0 | 1;
  /** Of this machine; decided before the ports are opened. */
  address: MediaAddress;
  readonly latch: Latch;
  readonly dropped: DropCounters = { malformed: 0, strangers: 0, watched: 0, undeliverable: 0 };
  /** Payload types that the party said it takes, in its order. */
  codecs: readonly number[] | undefined;
  readonly resized: ResizeCounters = { taken: 0, made: 0, discarded: 0 };
  /** When the party was heard last on the way through here, in ms; a fast rule's packets apart. */
  heardAt: number | undefined;
  /** Instead of the relay's time to live; undefined for that. */
  ttlMs: number | undefined;
  /** Ports on their way, so that two commands at once open one pair. */
  opening: Promise<PortPair | undefined> | undefined;
  /** RTP packets sent to the party by {@link send}. */
  played = 0;
  #ports: PortPair | undefined;
  readonly #rtpTotals = new PortTotals();
  readonly #rtcpTotals = new PortTotals();
  /** Of what came by here. */
  readonly #quality = new Quality();
  readonly #rtcpLatch: RtcpLatch;
  readonly #clock: Clock;
  readonly #taps = new Taps(this);
  #claims = 0;
  #muxes = false;
  #version = 0;
  #rule: FastRule | undefined;
  #packetTime: number | undefined;
  #resizer: PacketResizer | undefined;

  constructor(stream: MediaStream, index: 0 | 1, address: MediaAddress, learn: LearnSettings, clock: Clock) {
    this.stream = stream;
    this.index = index;
    this.address = address;
    this.latch = new Latch(learn);
    this.#rtcpLatch = new RtcpLatch(this.latch);
    this.#clock = clock;
  }

  get other(): StreamSide {
    return this.stream.sides[this.index === 0 ? 1 : 0];
  }

  /** undefined before the side is opened, and after its end. */
  get ports(): PortPair | undefined {
    return this.#ports;
  }

  /** Where RTP for the party goes; undefined on hold and while nothing is known. */
  get remote(): Endpoint | undefined {
    return this.latch.remote;
  }

  get rtcpRemote(): Endpoint | undefined {
    return this.#muxes ? this.latch.remote : this.#rtcpLatch.remote;
  }

  /** As commanded last. */
  get signalled(): Endpoint | undefined {
    return this.latch.signalled;
  }

  /** Whether the party's source is learned and locked. */
  get latched(): boolean {
    return this.latch.locked;
  }

  get ssrc(): number | undefined {
    return this.latch.ssrc;
  }

  /** What the ports of RTP have counted, from the beginning. */
  get rtpCounters(): PortCounters {
    return this.#rtpTotals.with(this.#ports?.rtp);
  }

  get rtcpCounters(): PortCounters {
    return this.#rtcpTotals.with(this.#ports?.rtcp);
  }

  /** What the party's packets say of their way, whoever saw them. */
  get quality(): QualityCounters {
    const slow = this.#quality.counters();
    const { quality: fast } = this.rtpCounters;
    if (!fast) return slow;
    return this.#rule ? sumOfQuality(slow, fast) : sumOfQuality(fast, slow);
  }

  /** While somebody plays to the party, what the other party sends to it stays here. */
  get claimed(): boolean {
    return this.#claims > 0;
  }

  /** Packet time asked for what is sent to the party, in ms (modifier `z`). */
  get packetTime(): number | undefined {
    return this.#packetTime;
  }

  set packetTime(ms: number | undefined) {
    if (ms === this.#packetTime) return;
    this.#packetTime = ms;
    this.#resizer =
      ms === undefined ? undefined : new PacketResizer(ms, this.resized, (bytes) => this.#deliver(bytes));
  }

  /** @returns takes the tap off again; more than once does no harm */
  attach(tap: SideTap): () => void {
    this.#taps.add(tap);
    this.stream.arrange();
    return () => {
      if (this.#taps.remove(tap)) this.stream.arrange();
    };
  }

  /** Keeps what the other party sends away from this one. @returns gives the way free; once */
  claim(): () => void {
    this.#claims++;
    this.stream.arrange();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#claims--;
      this.stream.arrange();
    };
  }

  /** Sends RTP to the party. @returns false where it has no address now, or is gone */
  send(bytes: Buffer): boolean {
    const to = this.latch.remote;
    if (!to || !this.#ports) return false;
    this.#ports.rtp.send(bytes, to);
    this.played++;
    this.#taps.tell('sent', bytes);
    return true;
  }

  /** Sends a compound of RTCP to the party, on the port where it takes it. */
  sendRtcp(bytes: Buffer): boolean {
    const to = this.rtcpRemote;
    if (!to || !this.#ports) return false;
    (this.#muxes ? this.#ports.rtp : this.#ports.rtcp).send(bytes, to);
    return true;
  }

  /** A command named the party's address. */
  signal(remote: Endpoint | undefined, asymmetric: boolean): void {
    const before = this.latch.signalled;
    this.latch.asymmetric = asymmetric;
    this.latch.signal(remote, this.#clock.now());
    if (before !== this.latch.signalled) this.#rtcpLatch.reopen();
  }

  /** @returns the ports before, which are the caller's to release */
  open(ports: PortPair | undefined): PortPair | undefined {
    const before = this.#ports;
    if (before) {
      before.rtp.setFast(undefined);
      this.#rtpTotals.retire(before.rtp);
      this.#rtcpTotals.retire(before.rtcp);
      before.rtp.user = undefined;
      before.rtcp.user = undefined;
    }
    this.#rule = undefined;
    this.#ports = ports;
    for (const port of [ports?.rtp, ports?.rtcp]) if (port) port.user = this;
    return before;
  }

  /** Tells the taps that it is over. */
  close(): void {
    this.#taps.close();
  }

  packet(port: MediaPort, bytes: Buffer, source: Endpoint): void {
    if (port === this.#ports?.rtcp) this.#rtcp(bytes, source);
    else this.#rtp(bytes, source);
  }

  copy(_port: MediaPort, bytes: Buffer): void {
    this.#taps.tell('rtp', bytes);
  }

  /** RTP that came in on the other side. */
  forward(bytes: Buffer, from: StreamSide): void {
    const to = this.latch.remote;
    if (this.#claims > 0) return;
    if (!to || !this.#ports) from.dropped.undeliverable++;
    else if (this.#resizer && packetKind(bytes) === 'rtp') this.#resizer.push(bytes);
    else this.#ports.rtp.send(bytes, to);
  }

  /** Gives the port's packets to a fast rule, as far as nothing has to be decided about them. */
  arrange(now: number): void {
    const rule = this.#fastRule(now);
    if (sameRule(rule, this.#rule)) return;
    if (rule) this.#quality.interrupt();
    this.#rule = rule;
    this.#ports?.rtp.setFast(rule);
  }

  #fastRule(now: number): FastRule | undefined {
    const { source, ssrc } = this.latch;
    const via = this.other.#ports?.rtp;
    const to = this.other.latch.remote;
    if (!source || !via || !to || this.other.claimed || this.other.#resizer) return undefined;
    if (!this.latch.settled(now)) return undefined;
    return { source, ssrc, via, to, aside: this.#taps.aside, copies: this.#taps.wantAll };
  }

  #deliver(bytes: Buffer): void {
    const to = this.latch.remote;
    if (to) this.#ports?.rtp.send(bytes, to);
  }

  #rtp(bytes: Buffer, source: Endpoint): void {
    const now = this.#clock.now();
    const kind = packetKind(bytes);
    if (kind === 'rtp' && payloadStart(bytes) < 0) {
      this.dropped.malformed++;
      return;
    }
    const verdict = kind === 'rtp' ? this.latch.rtp(bytes, source, now) : this.latch.opaque(source, now);
    if (verdict === 'pass') {
      if (kind === 'rtcp') {
        // On the port of RTP (RFC 5761 §4): the party takes it there too.
        this.#muxes = true;
        this.#passRtcp(bytes);
      } else {
        this.heardAt = now;
        if (kind === 'rtp') this.#heard(bytes, now);
        if (kind !== 'rtp' || !this.#taps.keep(bytes)) this.other.forward(bytes, this);
      }
    } else if (verdict === 'watch') this.dropped.watched++;
    else this.dropped.strangers++;
    if (this.latch.version !== this.#version) {
      this.#version = this.latch.version;
      this.stream.arrange();
    }
  }

  #heard(bytes: Buffer, now: number): void {
    // What a rule lays aside is in the path's own account.
    if (!this.#rule) this.#quality.add(payloadType(bytes), sequenceNumber(bytes), timestamp(bytes), now);
    this.#taps.tell('rtp', bytes);
  }

  #rtcp(bytes: Buffer, source: Endpoint): void {
    if (packetKind(bytes) !== 'rtcp') this.dropped.malformed++;
    else if (!this.#rtcpLatch.accepts(source)) this.dropped.strangers++;
    else {
      this.#muxes = false;
      this.#passRtcp(bytes);
    }
  }

  #passRtcp(bytes: Buffer): void {
    this.heardAt = this.#clock.now();
    this.#taps.tell('rtcp', bytes);
    if (!this.other.claimed && !this.other.sendRtcp(bytes)) this.dropped.undeliverable++;
  }
}

function sameRule(a: FastRule | undefined, b: FastRule | undefined): boolean {
  if (!a || !b) return a === b;
  return (
    a.source === b.source &&
    a.ssrc === b.ssrc &&
    a.via === b.via &&
    a.to === b.to &&
    a.copies === b.copies &&
    String(a.aside) === String(b.aside)
  );
}
