import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { logLine } from '../base/channels.ts';
import type { Clock } from '../base/clock.ts';
import { canonicalHost, formatHostPort, sourceNetwork } from '../base/ip.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { FramerLimits } from '../wire/sip/framer.ts';
import { Arrival, type ArrivalOwner } from './arrival.ts';
import type { BoundListener } from './bound-listener.ts';
import type { Connection, ConnectionPeer } from './connection.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import type { Flow } from './flow.ts';
import type { NetCounters } from './net-counters.ts';
import type { NetworkSink } from './network.ts';
import { type Dial, StreamConnection } from './stream-connection.ts';
import { traceRefused } from './trace.ts';
import type { TransportName } from './transport-name.ts';
import type { ConnectionNote } from './workers/note.ts';

export interface ConnectionsOptions {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly limits: ConnectionLimits;
  readonly framing: FramerLimits;
  readonly counters: NetCounters;
  /** See {@link ConnectionReuse}. */
  readonly reuse: ConnectionReuse;
  /** Where other workers have connections too. */
  readonly elsewhere?: Elsewhere | undefined;
  /** Ids of connections are unique over all workers; by default they count from 1 on. */
  readonly ids?: { readonly above: number; readonly step: number } | undefined;
}

/** The connections of the other workers, which know of those of this one by it. */
export interface Elsewhere {
  opened(connection: ConnectionNote): void;
  aliased(id: number, keys: readonly string[]): void;
  closed(id: number, reason: string, lost: boolean): void;
  openTo(key: string): Flow | undefined;
  byId(id: number): Flow | undefined;
  reuse(id: number, port: number): void;
}

/**
 * On which connections that peers opened the server calls back where they ask for it (RFC 5923): those whose peers have
 * proved by a certificate who they are, all, or none. Unless it is none, the server itself asks for it over TLS.
 */
export type ConnectionReuse = 'authenticated' | 'all' | 'off';

/** Certificates for more domains are those of hosting services, and no peers. */
const MOST_ALIASES = 8;

/**
 * Every open connection: found again by id, and by listener and remote address, so that whoever sends reuses it
 * (RFC 3261 §18, RFC 5626 §5.3). Bounded altogether, per source and in half-open ones.
 */
export class Connections implements ArrivalOwner {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly limits: ConnectionLimits;
  readonly framing: FramerLimits;
  readonly counters: NetCounters;
  readonly #reuse: ConnectionReuse;
  readonly #sink: NetworkSink;
  readonly #byId = new Map<number, Connection>();
  readonly #byPeer = new Map<string, Connection>();
  readonly #arrivals = new Set<Arrival>();
  readonly #halfOpen = new Set<Connection | Arrival>();
  readonly #acceptedFrom = new Map<string, number>();
  readonly #accepted = new Set<Connection | Arrival>();
  /** By which other keys connections that are called back on are found. */
  readonly #aliases = new Map<Connection, readonly string[]>();
  readonly #elsewhere: Elsewhere | undefined;
  readonly #idStep: number;
  #lastId: number;

  constructor(options: ConnectionsOptions, sink: NetworkSink) {
    this.clock = options.clock;
    this.wheel = options.wheel;
    this.limits = options.limits;
    this.framing = options.framing;
    this.counters = options.counters;
    this.#reuse = options.reuse;
    this.#elsewhere = options.elsewhere;
    this.#idStep = options.ids?.step ?? 1;
    this.#lastId = options.ids?.above ?? 0;
    this.#sink = sink;
  }

  /** How many are open, those that still shake hands included. */
  get size(): number {
    return this.#byId.size + this.#arrivals.size;
  }

  /** Those that carry SIP by now. */
  get all(): readonly Connection[] {
    return [...this.#byId.values()];
  }

  byId(id: number): Connection | undefined {
    return this.#byId.get(id);
  }

  /** The connection with that id, whichever worker has it. */
  flow(id: number): Flow | undefined {
    return this.#byId.get(id) ?? this.#elsewhere?.byId(id);
  }

  /** What other workers know of the connections. */
  get shown(): readonly ConnectionNote[] {
    return this.all.filter((connection) => !connection.halfOpen).map(noteOf);
  }

  /** The other keys of those that are called back on. */
  get aliases(): readonly (readonly [id: number, keys: readonly string[]])[] {
    return Array.from(this.#aliases, ([connection, keys]) => [connection.connectionId, keys] as const);
  }

  /** Takes a stream that a peer opened, or destroys it where a limit is reached. */
  accept(stream: Duplex, listener: BoundListener, address: string, port: number): void {
    const remoteAddress = canonicalHost(address);
    if (!this.#admit(stream, listener.transport, remoteAddress, port)) return;
    const since = this.clock.now();
    const peer = { id: this.#nextId(), listener, remoteAddress, remotePort: port, since };
    this.#enter(new StreamConnection(stream, peer, this));
  }

  /**
   * Takes a stream that has to shake hands before it carries SIP.
   * @returns undefined where a limit is reached: the stream is destroyed
   */
  arrive(stream: Duplex, transport: TransportName, address: string, port: number): Arrival | undefined {
    const remoteAddress = canonicalHost(address);
    if (!this.#admit(stream, transport, remoteAddress, port)) return undefined;
    const arrival = new Arrival(stream, remoteAddress, port, this);
    this.#arrivals.add(arrival);
    this.#accepted.add(arrival);
    this.#halfOpen.add(arrival);
    return arrival;
  }

  become(
    arrival: Arrival,
    listener: BoundListener,
    peerDomains: readonly string[] | undefined,
    make: (peer: ConnectionPeer) => Connection,
  ): void {
    const { remoteAddress, remotePort, since } = arrival;
    this.#arrivals.delete(arrival);
    this.#accepted.delete(arrival);
    this.#halfOpen.delete(arrival);
    this.#enter(make({ id: this.#nextId(), listener, remoteAddress, remotePort, since, peerDomains }));
  }

  left(arrival: Arrival, reason: string): void {
    this.counters.connectionsClosed++;
    this.#arrivals.delete(arrival);
    this.#release(arrival);
    logLine('debug', 'net', `${formatHostPort(arrival.remoteAddress, arrival.remotePort)}: ${reason}`);
  }

  /**
   * A new connection to a peer to which {@link openTo} has found none; it connects when something is sent.
   * @param domain whose certificate the peer must show
   * @returns undefined where none can be made
   */
  dial(
    listener: BoundListener,
    address: string,
    port: number,
    dial: Dial,
    domain?: string,
  ): Connection | undefined {
    if (isIP(address) === 0 || port < 1 || port > 65_535) return undefined;
    if (this.#isFull()) {
      this.counters.connectionsRefused++;
      traceRefused('too many connections', listener.transport, address, port);
      return undefined;
    }
    const counted: Dial = (connected) => {
      this.counters.connectionsDialled++;
      return dial(connected);
    };
    const connection = new StreamConnection(
      counted,
      {
        id: this.#nextId(),
        listener,
        remoteAddress: address,
        remotePort: port,
        since: this.clock.now(),
        domain,
        callsBack: listener.transport === 'tls' && this.#reuse !== 'off',
      },
      this,
    );
    this.#add(connection, peerKey(listener, address, port, domain));
    this.#elsewhere?.opened(noteOf(connection));
    return connection;
  }

  /** The open connection of `listener` to a peer; of those that were dialled for a domain, the one for `domain`. */
  openTo(listener: BoundListener, address: string, port: number, domain?: string): Flow | undefined {
    const key = peerKey(listener, address, port, domain);
    return this.#byPeer.get(key) ?? this.#elsewhere?.openTo(key);
  }

  /**
   * Lets a connection that the peer opened serve for what is sent to its address and `port` (RFC 5923 §5): for the domains
   * that it has proved to be. One that is in use there already stays.
   */
  alias(id: number, port: number): void {
    const connection = this.#byId.get(id);
    if (!connection) {
      this.#elsewhere?.reuse(id, port);
      return;
    }
    if (this.#aliases.has(connection) || !this.#accepted.has(connection)) return;
    const { listener, remoteAddress, peerDomains = [] } = connection;
    const domains: (string | undefined)[] = this.#reuse === 'off' ? [] : peerDomains.slice(0, MOST_ALIASES);
    if (this.#reuse === 'all') domains.push(undefined);
    const keys = domains
      .map((domain) => peerKey(listener, remoteAddress, port, domain))
      .filter((key) => !this.#byPeer.has(key));
    if (keys.length === 0) return;
    for (const key of keys) this.#byPeer.set(key, connection);
    this.#aliases.set(connection, keys);
    this.counters.connectionsAliased++;
    this.#elsewhere?.aliased(id, keys);
  }

  /** Closes every connection of a listener. */
  closeAll(listener: BoundListener, reason: string): void {
    for (const connection of [...this.#byId.values()]) {
      if (connection.listener === listener) connection.close(reason);
    }
  }

  received(bytes: Buffer, connection: Connection): void {
    this.#sink.message(bytes, connection);
  }

  heard(connection: Connection): void {
    this.#halfOpen.delete(connection);
    this.#elsewhere?.opened(noteOf(connection));
  }

  closed(connection: Connection, reason: string, lost: boolean): void {
    this.counters.connectionsClosed++;
    this.#byId.delete(connection.connectionId);
    const { listener, remoteAddress, remotePort, domain } = connection;
    const key = peerKey(listener, remoteAddress, remotePort, domain);
    // A peer that lost its state may have opened a new connection from the same port meanwhile.
    if (this.#byPeer.get(key) === connection) this.#byPeer.delete(key);
    for (const alias of this.#aliases.get(connection) ?? []) this.#byPeer.delete(alias);
    this.#aliases.delete(connection);
    this.#release(connection);
    logLine('debug', 'net', `${listener.transport} ${formatHostPort(remoteAddress, remotePort)}: ${reason}`);
    if (!connection.halfOpen) this.#elsewhere?.closed(connection.connectionId, reason, lost);
    if (lost) this.#sink.flowFailed(connection, reason);
    this.#sink.flowClosed?.(connection, reason);
  }

  #nextId(): number {
    this.#lastId += this.#idStep;
    return this.#lastId;
  }

  #isFull(): boolean {
    return this.size >= this.limits.maxConnections;
  }

  /** Counts a stream that a peer opened, or destroys it where a limit is reached. */
  #admit(stream: Duplex, transport: TransportName, remoteAddress: string, port: number): boolean {
    const source = sourceNetwork(remoteAddress);
    const full = this.#isFull();
    if (full || this.#countFrom(source) >= this.limits.maxPerSource) {
      this.counters.connectionsRefused++;
      const reason = full ? 'too many connections' : 'too many connections of one source';
      traceRefused(reason, transport, remoteAddress, port);
      stream.on('error', () => {});
      stream.destroy();
      return false;
    }
    if (this.#halfOpen.size >= this.limits.maxHalfOpen) this.#dropOldestHalfOpen();
    this.counters.connectionsAccepted++;
    this.#acceptedFrom.set(source, this.#countFrom(source) + 1);
    return true;
  }

  #countFrom(source: string): number {
    return this.#acceptedFrom.get(source) ?? 0;
  }

  #enter(connection: Connection): void {
    this.#accepted.add(connection);
    this.#halfOpen.add(connection);
    this.#add(connection, peerKey(connection.listener, connection.remoteAddress, connection.remotePort));
  }

  #add(connection: Connection, key: string): void {
    this.#byId.set(connection.connectionId, connection);
    this.#byPeer.set(key, connection);
  }

  #release(guest: Connection | Arrival): void {
    this.#halfOpen.delete(guest);
    if (!this.#accepted.delete(guest)) return;
    const source = sourceNetwork(guest.remoteAddress);
    const left = this.#countFrom(source) - 1;
    if (left > 0) this.#acceptedFrom.set(source, left);
    else this.#acceptedFrom.delete(source);
  }

  #dropOldestHalfOpen(): void {
    for (const oldest of this.#halfOpen) {
      this.counters.halfOpenClosed++;
      oldest.close('too many connections without a message');
      return;
    }
  }
}

function noteOf(connection: Connection): ConnectionNote {
  const { connectionId: id, listener, transport, remoteAddress, remotePort } = connection;
  const { domain, peerDomains, callsBack } = connection;
  const key = peerKey(listener, remoteAddress, remotePort, domain);
  return { id, listener: listener.name, transport, remoteAddress, remotePort, peerDomains, callsBack, key };
}

/** Connections belong to a listener: what it prints into messages is what the peer answers to. */
function peerKey(listener: BoundListener, address: string, port: number, domain?: string): string {
  return domain === undefined
    ? `${listener.name} ${address} ${port}`
    : `${listener.name} ${address} ${port} ${domain}`;
}
