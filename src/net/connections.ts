import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { logLine } from '../base/channels.ts';
import type { Clock } from '../base/clock.ts';
import { canonicalHost, formatHostPort } from '../base/ip.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { FramerLimits } from '../wire/sip/framer.ts';
import type { BoundListener } from './bound-listener.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import type { NetCounters } from './net-counters.ts';
import type { NetworkSink } from './network.ts';
import { type ConnectionOwner, StreamConnection } from './stream-connection.ts';
import { traceRefused } from './trace.ts';

export interface ConnectionsOptions {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly limits: ConnectionLimits;
  readonly framing: FramerLimits;
  readonly counters: NetCounters;
}

/**
 * Every open connection: found again by id, and by listener and remote address, so that whoever sends reuses it
 * (RFC 3261 §18, RFC 5626 §5.3). Bounded altogether, per source and in half-open ones.
 */
export class Connections implements ConnectionOwner {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly limits: ConnectionLimits;
  readonly framing: FramerLimits;
  readonly counters: NetCounters;
  readonly #sink: NetworkSink;
  readonly #byId = new Map<number, StreamConnection>();
  readonly #byPeer = new Map<string, StreamConnection>();
  readonly #halfOpen = new Set<StreamConnection>();
  readonly #acceptedFrom = new Map<string, number>();
  readonly #accepted = new Set<StreamConnection>();
  #lastId = 0;

  constructor(options: ConnectionsOptions, sink: NetworkSink) {
    this.clock = options.clock;
    this.wheel = options.wheel;
    this.limits = options.limits;
    this.framing = options.framing;
    this.counters = options.counters;
    this.#sink = sink;
  }

  get size(): number {
    return this.#byId.size;
  }

  byId(id: number): StreamConnection | undefined {
    return this.#byId.get(id);
  }

  /** Takes a stream that a peer opened, or destroys it where a limit is reached. */
  accept(stream: Duplex, listener: BoundListener, address: string, port: number): void {
    const remoteAddress = canonicalHost(address);
    const fromSource = this.#acceptedFrom.get(remoteAddress) ?? 0;
    const full = this.#byId.size >= this.limits.maxConnections;
    if (full || fromSource >= this.limits.maxPerSource) {
      this.counters.connectionsRefused++;
      const reason = full ? 'too many connections' : 'too many connections of one source';
      traceRefused(reason, listener.transport, remoteAddress, port);
      stream.on('error', () => {});
      stream.destroy();
      return;
    }
    if (this.#halfOpen.size >= this.limits.maxHalfOpen) this.#dropOldestHalfOpen();
    this.counters.connectionsAccepted++;
    this.#acceptedFrom.set(remoteAddress, fromSource + 1);
    const connection = new StreamConnection(
      stream,
      { id: ++this.#lastId, listener, remoteAddress, remotePort: port },
      this,
    );
    this.#accepted.add(connection);
    this.#halfOpen.add(connection);
    this.#add(connection);
  }

  /** The open connection of `listener` to a peer, else a new one that connects when something is sent. */
  to(listener: BoundListener, address: string, port: number): StreamConnection | undefined {
    const open = this.#byPeer.get(peerKey(listener, address, port));
    if (open) return open;
    if (isIP(address) === 0 || port < 1 || port > 65_535) return undefined;
    if (this.#byId.size >= this.limits.maxConnections) {
      this.counters.connectionsRefused++;
      traceRefused('too many connections', listener.transport, address, port);
      return undefined;
    }
    const connection = new StreamConnection(
      (connected) => {
        this.counters.connectionsDialled++;
        return dialTcp(listener, address, port, connected);
      },
      { id: ++this.#lastId, listener, remoteAddress: address, remotePort: port },
      this,
    );
    this.#add(connection);
    return connection;
  }

  /** Closes every connection of a listener. */
  closeAll(listener: BoundListener, reason: string): void {
    for (const connection of [...this.#byId.values()]) {
      if (connection.listener === listener) connection.close(reason);
    }
  }

  received(bytes: Buffer, connection: StreamConnection): void {
    this.#sink.message(bytes, connection);
  }

  heard(connection: StreamConnection): void {
    this.#halfOpen.delete(connection);
  }

  closed(connection: StreamConnection, reason: string, lost: boolean): void {
    this.counters.connectionsClosed++;
    this.#byId.delete(connection.connectionId);
    this.#halfOpen.delete(connection);
    const { listener, remoteAddress, remotePort } = connection;
    const key = peerKey(listener, remoteAddress, remotePort);
    // A peer that lost its state may have opened a new connection from the same port meanwhile.
    if (this.#byPeer.get(key) === connection) this.#byPeer.delete(key);
    if (this.#accepted.delete(connection)) {
      const left = this.#acceptedFrom.get(remoteAddress)! - 1;
      if (left > 0) this.#acceptedFrom.set(remoteAddress, left);
      else this.#acceptedFrom.delete(remoteAddress);
    }
    logLine('debug', 'net', `${listener.transport} ${formatHostPort(remoteAddress, remotePort)}: ${reason}`);
    if (lost) this.#sink.flowFailed(connection, reason);
  }

  #add(connection: StreamConnection): void {
    this.#byId.set(connection.connectionId, connection);
    this.#byPeer.set(
      peerKey(connection.listener, connection.remoteAddress, connection.remotePort),
      connection,
    );
  }

  #dropOldestHalfOpen(): void {
    for (const oldest of this.#halfOpen) {
      this.counters.halfOpenClosed++;
      oldest.close('too many connections without a message');
      return;
    }
  }
}

/** Connections belong to a listener: what it prints into messages is what the peer answers to. */
function peerKey(listener: BoundListener, address: string, port: number): string {
  return `${listener.name} ${address} ${port}`;
}

function dialTcp(listener: BoundListener, host: string, port: number, connected: () => void): Socket {
  const socket = connect({ host, port, localAddress: listener.address, noDelay: true, keepAlive: true });
  socket.once('connect', connected);
  return socket;
}
