import { isUtf8 } from 'node:buffer';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { channels } from '../base/channels.ts';
import { formatHostPort } from '../base/ip.ts';
import { WheelTimer } from '../base/timer-wheel.ts';
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
import type { WebSocketSettings } from './web-socket-settings.ts';

const CR = 0x0d;
const LF = 0x0a;
const CRLF = Buffer.from('\r\n', 'latin1');
/** With the mask that clients must use (RFC 6455 §5.2). */
const CONTROL_HEADER_BYTES = 6;
const TEXT = { binary: false, compress: false } as const;
const BINARY = { binary: true, compress: false } as const;

/** A WebSocket on which each message, text or binary, is one SIP message (RFC 7118 §5). Only peers open one. */
export class WebSocketConnection implements Connection {
  readonly connectionId: number;
  readonly listener: BoundListener;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly domain: undefined;
  readonly peerDomains: readonly string[] | undefined;
  readonly #owner: ConnectionOwner;
  readonly #settings: WebSocketSettings;
  readonly #socket: WebSocket;
  readonly #timer: WheelTimer = new WheelTimer(() => this.#checkTime());
  readonly #since: number;
  #closed = false;
  #heard = false;
  /** When the last bytes came, of whatever kind. */
  #lastHeard: number;
  /** When something last passed that is more than an answer to a ping. */
  #lastMove: number;
  /** It is not idle before that time. */
  #mayIdleUntil = Number.NEGATIVE_INFINITY;
  /** When we asked whether the peer is there; -1 where no answer is awaited. */
  #pingedAt = -1;
  /** When the first bytes came of the message whose rest is awaited; -1 between messages. */
  #messageSince = -1;
  /** Bytes that came and belong to no frame that is complete, as far as can be told from outside. */
  #unread = 0;

  /** @param stream what the WebSocket reads from and writes to */
  constructor(
    socket: WebSocket,
    stream: Duplex,
    peer: ConnectionPeer,
    settings: WebSocketSettings,
    owner: ConnectionOwner,
  ) {
    this.connectionId = peer.id;
    this.listener = peer.listener;
    this.remoteAddress = peer.remoteAddress;
    this.remotePort = peer.remotePort;
    this.peerDomains = peer.peerDomains;
    this.#owner = owner;
    this.#settings = settings;
    this.#socket = socket;
    this.#since = peer.since;
    this.#lastHeard = owner.clock.now();
    this.#lastMove = this.#lastHeard;
    socket.on('message', (data: Buffer) => this.#received(data));
    socket.on('ping', (data: Buffer) => this.#pinged(data));
    socket.on('pong', (data: Buffer) => this.#control(data));
    socket.on('error', (error: Error & { code?: string }) => this.#failed(error));
    socket.on('close', () => this.close('closed by the peer'));
    // Before and after the reader of the WebSocket itself, which was there first.
    stream.prependListener('data', (chunk: Buffer) => {
      this.#unread += chunk.length;
    });
    stream.on('data', () => {
      this.#read();
      // Who does not read the answers is not heard either, or they would pile up here.
      if (stream.writableNeedDrain) socket.pause();
    });
    stream.on('drain', () => socket.resume());
    this.#publish('opened');
    this.#watch();
  }

  get transport(): TransportName {
    return this.listener.transport;
  }

  get halfOpen(): boolean {
    return !this.#heard;
  }

  /** A keep-alive becomes a ping, which browsers answer by themselves. */
  send(bytes: Buffer): boolean {
    if (this.#closed) return false;
    const keepAlive = bytes.equals(KEEP_ALIVE);
    if (!this.#hasRoom(bytes.length)) {
      this.#owner.counters.streamMessagesDropped++;
      return false;
    }
    if (keepAlive) {
      this.#ping();
      return true;
    }
    // A text that is none would make the peer close the connection (RFC 6455 §8.1).
    this.#socket.send(bytes, isUtf8(bytes) ? TEXT : BINARY);
    this.#lastMove = this.#owner.clock.now();
    this.#owner.counters.streamMessagesOut++;
    traceMessage('out', bytes, this);
    return true;
  }

  mayIdle(ms: number): void {
    this.#mayIdleUntil = this.#owner.clock.now() + ms;
    this.#watch();
  }

  close(reason: string, lost = false): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#owner.wheel.cancel(this.#timer);
    const unsent = this.#socket.bufferedAmount > 0;
    this.#socket.terminate();
    this.#publish('closed', reason);
    this.#owner.closed(this, reason, lost || unsent);
  }

  #received(data: Buffer): void {
    if (this.#closed) return;
    this.#unread = 0;
    this.#lastMove = this.#owner.clock.now();
    const start = firstByte(data);
    if (start === data.length) {
      this.#keptAlive(data.length);
      return;
    }
    const bytes = start === 0 ? data : data.subarray(start);
    this.#owner.counters.streamMessagesIn++;
    if (!this.#heard) {
      this.#heard = true;
      this.#owner.heard(this);
    }
    traceMessage('in', bytes, this);
    this.#owner.received(bytes, this);
  }

  /** RFC 7118 §6 has the keep-alive of RFC 5626 §4.4.1 as well: a double CRLF is answered with one. */
  #keptAlive(length: number): void {
    if (length < KEEP_ALIVE.length) return;
    this.#owner.counters.keepAlivesIn++;
    if (this.#hasRoom(CRLF.length)) this.#socket.send(CRLF, TEXT);
  }

  /** Answered here and not by the WebSocket, for a peer that asks and never reads would fill our memory. */
  #pinged(data: Buffer): void {
    this.#control(data);
    this.#lastMove = this.#owner.clock.now();
    this.#owner.counters.keepAlivesIn++;
    if (!this.#closed && this.#hasRoom(data.length)) this.#socket.pong(data);
  }

  /** A control frame of a client; it may stand between the fragments of a message. */
  #control(data: Buffer): void {
    this.#unread -= CONTROL_HEADER_BYTES + data.length;
  }

  #read(): void {
    const now = this.#owner.clock.now();
    this.#lastHeard = now;
    this.#pingedAt = -1;
    if (this.#unread <= 0) {
      this.#unread = 0;
      this.#messageSince = -1;
    } else if (this.#messageSince < 0) {
      this.#messageSince = now;
      this.#watch();
    }
  }

  #failed(error: Error & { code?: string }): void {
    // What `ws` complains of is named WS_ERR_…; everything else is the stream's.
    const reason = error.code ?? error.message;
    if (reason.startsWith('WS_ERR_')) {
      this.#owner.counters.webSocketFaults++;
      traceRefused(reason, this.transport, this.remoteAddress, this.remotePort);
    }
    this.close(reason, true);
  }

  #hasRoom(bytes: number): boolean {
    const { readyState, OPEN, bufferedAmount } = this.#socket;
    return readyState === OPEN && bufferedAmount + bytes <= this.#owner.limits.maxQueuedBytes;
  }

  #ping(): void {
    this.#pingedAt = this.#owner.clock.now();
    this.#socket.ping();
    this.#watch();
  }

  /** The timer may fire early, but no later than the next time that matters. */
  #watch(): void {
    if (!this.#closed) this.#owner.wheel.armBy(this.#timer, this.#nextDeadline().at);
  }

  #checkTime(): void {
    const { at, reason } = this.#nextDeadline();
    if (this.#owner.clock.now() < at) {
      this.#watch();
    } else if (reason === 'silent') {
      if (this.#hasRoom(0)) this.#ping();
      else this.close('its queue is full, and it is silent', true);
    } else {
      if (this.halfOpen) this.#owner.counters.halfOpenClosed++;
      else if (reason === SLOW_MESSAGE) this.#owner.counters.slowMessagesClosed++;
      else if (reason === IDLE) this.#owner.counters.idleClosed++;
      else if (reason === 'no pong in time') this.#owner.counters.silentPeersClosed++;
      this.close(reason, reason === 'no pong in time');
    }
  }

  #nextDeadline(): { at: number; reason: string } {
    const { halfOpenMs, messageMs, idleMs } = this.#owner.limits;
    const { pingMs, pongMs } = this.#settings;
    if (this.halfOpen) return { at: this.#since + halfOpenMs, reason: 'no message in time' };
    let next =
      this.#pingedAt < 0
        ? { at: this.#lastHeard + pingMs, reason: 'silent' }
        : { at: this.#pingedAt + pongMs, reason: 'no pong in time' };
    const idleAt = Math.max(this.#lastMove + idleMs, this.#mayIdleUntil);
    if (idleAt <= next.at) next = { at: idleAt, reason: IDLE };
    const messageAt = this.#messageSince + messageMs;
    if (this.#messageSince >= 0 && messageAt < next.at) {
      next = { at: messageAt, reason: SLOW_MESSAGE };
    }
    return next;
  }

  #publish(event: 'opened' | 'closed', reason?: string): void {
    if (!channels.connection.hasSubscribers) return;
    const remote = formatHostPort(this.remoteAddress, this.remotePort);
    channels.connection.publish({ event, transport: this.transport, remote, reason });
  }
}

/** Where the message begins: line ends before it mean nothing (RFC 3261 §7.5). */
function firstByte(data: Buffer): number {
  let at = 0;
  while (data[at] === CR && data[at + 1] === LF) at += 2;
  return at;
}
