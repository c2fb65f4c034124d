import type { Duplex } from 'node:stream';
import { WheelTimer } from '../base/timer-wheel.ts';
import type { BoundListener } from './bound-listener.ts';
import type { Connection, ConnectionOwner, ConnectionPeer } from './connection.ts';

/** What an arrival needs of the table that it is counted in. */
export interface ArrivalOwner extends ConnectionOwner {
  /** The arrival was closed, or its peer left. */
  left(arrival: Arrival, reason: string): void;
  /** What the arrival has become stands in its place from now on. */
  become(
    arrival: Arrival,
    listener: BoundListener,
    peerDomains: readonly string[] | undefined,
    make: (peer: ConnectionPeer) => Connection,
  ): void;
}

/**
 * A connection that a peer has opened and that carries no SIP yet: it shakes hands for TLS, or asks for a WebSocket.
 * It is half-open, with the bounds of half-open connections, and has their time for all of it.
 */
export class Arrival {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly since: number;
  readonly #owner: ArrivalOwner;
  readonly #socket: Duplex;
  readonly #timer: WheelTimer = new WheelTimer(() => this.#late());
  readonly #gone = (): void => this.close('closed by the peer');
  #over = false;

  constructor(socket: Duplex, remoteAddress: string, remotePort: number, owner: ArrivalOwner) {
    this.#socket = socket;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.#owner = owner;
    this.since = owner.clock.now();
    socket.on('close', this.#gone);
    socket.on('error', ignore);
    owner.wheel.arm(this.#timer, owner.limits.halfOpenMs);
  }

  /** Whether it was closed, or has become a connection. */
  get over(): boolean {
    return this.#over;
  }

  close(reason: string): void {
    if (!this.#end()) return;
    this.#socket.destroy();
    this.#owner.left(this, reason);
  }

  /** Makes a connection of it. Nothing happens where it is over. */
  become(
    listener: BoundListener,
    peerDomains: readonly string[] | undefined,
    make: (peer: ConnectionPeer) => Connection,
  ): void {
    if (this.#end()) this.#owner.become(this, listener, peerDomains, make);
  }

  /** @returns false where it had ended before */
  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#owner.wheel.cancel(this.#timer);
    this.#socket.off('close', this.#gone);
    return true;
  }

  #late(): void {
    this.#owner.counters.halfOpenClosed++;
    this.close('hand-shake not complete in time');
  }
}

function ignore(): void {}
