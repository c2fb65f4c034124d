import type { Duplex } from 'node:stream';
import { channels } from '../base/channels.ts';
import { formatHostPort } from '../base/ip.ts';
import { WheelTimer } from '../base/timer-wheel.ts';
import { StreamFramer } from '../wire/sip/framer.ts';
import type { BoundListener } from './bound-listener.ts';
import {
  type Connection,
  type ConnectionOwner,
  type ConnectionPeer,
  IDLE,
  SLOW_MESSAGE,
} from './connection.ts';
import { KEEP_ALIVE } from './flow.ts';
import { traceMessage, traceRefused } from './trace.ts';
import type { TransportName } from './transport-name.ts';

const CRLF = Buffer.from('\r\n', 'latin1');
const STALLED = 'the peer reads nothing';
const SILENT = 'no keep-alive in time';

/** Opens the stream of a connection; `connected` is called when bytes can pass, TLS hand-shake included. */
export type Dial = (connected: () => void) => Duplex;

/** A connection that carries framed messages (RFC 3261 §18.3) over any Duplex. */
export class StreamConnection implements Connection {
  readonly connectionId: number;
  readonly listener: BoundListener;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly domain: string | undefined;
  readonly peerDomains: readonly string[] | undefined;
  readonly callsBack: boolean;
  readonly #owner: ConnectionOwner;
  readonly #framer: StreamFramer;
  readonly #timer: WheelTimer = new WheelTimer(() => this.#checkTime());
  readonly #dial: Dial | undefined;
  /** When the peer's connection was accepted, or ours was dialled. */
  #since: number;
  #stream: Duplex | undefined;
  #connected = false;
  #heard = false;
  #closed = false;
  #pongOwed = false;
  #lastMove: number;
  /** It is not idle before that time. */
  #mayIdleUntil = Number.NEGATIVE_INFINITY;
  #lastHeard: number;
  /** How long the peer may be silent; it has promised keep-alives. */
  #silenceMs = Number.POSITIVE_INFINITY;
  /** When the first byte came of the message whose rest is awaited; -1 between messages. */
  #messageSince = -1;
  /** Since when the peer has not taken all that waits for it; -1 where nothing waits. */
  #blockedSince = -1;

  /** @param stream a stream that the peer opened, or the way to open one as soon as something is sent */
  constructor(stream: Duplex | Dial, peer: ConnectionPeer, owner: ConnectionOwner) {
    this.connectionId = peer.id;
    this.listener = peer.listener;
    this.remoteAddress = peer.remoteAddress;
    this.remotePort = peer.remotePort;
    this.domain = peer.domain;
    this.peerDomains = peer.peerDomains;
    this.callsBack = peer.callsBack === true;
    this.#owner = owner;
    this.#framer = new StreamFramer(owner.framing, {
      message: (bytes) => this.#received(bytes),
      ping: () => {
        owner.counters.keepAlivesIn++;
        this.#pongOwed = true;
      },
      fault: (fault) => {
        owner.counters.framingFaults++;
        traceRefused(fault, this.transport, this.remoteAddress, this.remotePort);
        this.close(fault);
      },
    });
    this.#since = peer.since;
    this.#lastMove = peer.since;
    this.#lastHeard = peer.since;
    if (typeof stream === 'function') {
      this.#dial = stream;
    } else {
      this.#attach(stream);
      this.#opened();
    }
    this.#watch();
  }

  get transport(): TransportName {
    return this.listener.transport;
  }

  /** Whether the peer opened the connection and has not sent a whole message yet. */
  get halfOpen(): boolean {
    return this.#dial === undefined && !this.#heard;
  }

  send(bytes: Buffer): boolean {
    if (this.#closed) return false;
    if (!this.#write(bytes)) {
      this.#owner.counters.streamMessagesDropped++;
      return false;
    }
    if (bytes.equals(KEEP_ALIVE)) {
      this.#framer.expectPong();
    } else {
      this.#owner.counters.streamMessagesOut++;
      traceMessage('out', bytes, this);
    }
    return true;
  }

  hearWithin(ms: number): void {
    this.#silenceMs = ms;
    this.#watch();
  }

  mayIdle(ms: number): void {
    this.#mayIdleUntil = this.#owner.clock.now() + ms;
    this.#watch();
  }

  close(reason: string, lost = false): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#framer.stop();
    this.#owner.wheel.cancel(this.#timer);
    const unsent = this.#stream !== undefined && this.#stream.writableLength > 0;
    this.#stream?.destroy();
    if (this.#connected) this.#publish('closed', reason);
    this.#owner.closed(this, reason, lost || unsent);
  }

  #attach(stream: Duplex): void {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    stream.on('drain', () => {
      this.#blockedSince = -1;
      stream.resume();
    });
    stream.on('error', (error: NodeJS.ErrnoException) => this.close(error.code ?? error.message, true));
    // A peer that sends no more is gone: the next message to it shall find a new connection, not this half.
    stream.on('end', () => this.close('closed by the peer'));
    stream.on('close', () => this.close('closed by the peer'));
  }

  #opened(): void {
    if (this.#closed) return;
    this.#connected = true;
    this.#lastMove = this.#owner.clock.now();
    this.#publish('opened');
  }

  #take(chunk: Buffer): void {
    this.#lastMove = this.#owner.clock.now();
    this.#lastHeard = this.#lastMove;
    this.#framer.push(chunk);
    // However many pings came in one segment, one pong says that the flow lives.
    if (this.#pongOwed) {
      this.#pongOwed = false;
      this.#write(CRLF);
    }
    if (!this.#framer.partial) {
      this.#messageSince = -1;
    } else if (this.#messageSince < 0) {
      this.#messageSince = this.#lastMove;
      this.#watch();
    }
    // Who does not read the answers is not heard either, or they would pile up here.
    if (this.#blockedSince >= 0) this.#stream?.pause();
  }

  #received(bytes: Buffer): void {
    this.#messageSince = -1;
    this.#owner.counters.streamMessagesIn++;
    if (this.halfOpen) {
      this.#heard = true;
      this.#owner.heard(this);
    }
    traceMessage('in', bytes, this);
    this.#owner.received(bytes, this);
  }

  #write(bytes: Buffer): boolean {
    if (this.#closed) return false;
    if (this.#stream === undefined) {
      this.#since = this.#owner.clock.now();
      this.#attach(this.#dial!(() => this.#opened()));
    }
    const stream = this.#stream!;
    if (!stream.writable || stream.writableLength + bytes.length > this.#owner.limits.maxQueuedBytes)
      return false;
    const taken = stream.write(bytes);
    this.#lastMove = this.#owner.clock.now();
    if (!taken && this.#blockedSince < 0) {
      this.#blockedSince = this.#lastMove;
      this.#watch();
    }
    return true;
  }

  /** The timer may fire early, but no later than the next time that matters. */
  #watch(): void {
    if (!this.#closed) this.#owner.wheel.armBy(this.#timer, this.#nextDeadline().at);
  }

  #checkTime(): void {
    const { at, reason } = this.#nextDeadline();
    if (this.#owner.clock.now() < at) {
      this.#watch();
      return;
    }
    if (this.halfOpen) this.#owner.counters.halfOpenClosed++;
    else if (reason === STALLED) this.#owner.counters.stalledClosed++;
    else if (reason === SLOW_MESSAGE) this.#owner.counters.slowMessagesClosed++;
    else if (reason === IDLE) this.#owner.counters.idleClosed++;
    else if (reason === SILENT) this.#owner.counters.silentPeersClosed++;
    this.close(reason, this.#stream !== undefined && !this.#connected);
  }

  #nextDeadline(): { at: number; reason: string } {
    const { connectMs, halfOpenMs, messageMs, idleMs, stalledMs } = this.#owner.limits;
    if (!this.#connected) return { at: this.#since + connectMs, reason: 'not connected in time' };
    if (this.halfOpen) return { at: this.#since + halfOpenMs, reason: 'no message in time' };
    const idleAt = Math.max(this.#lastMove + idleMs, this.#mayIdleUntil);
    const silentAt = this.#lastHeard + this.#silenceMs;
    const stalledAt = this.#blockedSince < 0 ? Number.POSITIVE_INFINITY : this.#blockedSince + stalledMs;
    const messageAt = this.#messageSince < 0 ? Number.POSITIVE_INFINITY : this.#messageSince + messageMs;
    const at = Math.min(idleAt, silentAt, stalledAt, messageAt);
    if (at === stalledAt) return { at, reason: STALLED };
    if (at === messageAt) return { at, reason: SLOW_MESSAGE };
    return { at, reason: at === silentAt ? SILENT : IDLE };
  }

  #publish(event: 'opened' | 'closed', reason?: string): void {
    if (!channels.connection.hasSubscribers) return;
    const remote = formatHostPort(this.remoteAddress, this.remotePort);
    channels.connection.publish({ event, transport: this.transport, remote, reason });
  }
}
