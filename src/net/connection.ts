import type { Clock } from '../base/clock.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { FramerLimits } from '../wire/sip/framer.ts';
import type { BoundListener } from './bound-listener.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import type { Flow } from './flow.ts';
import type { NetCounters } from './net-counters.ts';

/** A connection to one peer, whatever frames its messages. */
export interface Connection extends Flow {
  readonly listener: BoundListener;
  /** Whether the peer opened the connection and has not sent a whole message yet. */
  readonly halfOpen: boolean;
  /** The domain that it was dialled for and whose certificate the peer had to show (RFC 5922). */
  readonly domain: string | undefined;
  /** Closes at once. The owner hears `reason`, and whether what was sent `lost` its way. */
  close(reason: string, lost?: boolean): void;
}

/** Why connections end whose time is up, as their owner hears it. */
export const SLOW_MESSAGE = 'message not complete in time';
export const IDLE = 'idle';

/** What a connection needs of the table that it stands in. */
export interface ConnectionOwner {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly limits: ConnectionLimits;
  readonly framing: FramerLimits;
  readonly counters: NetCounters;
  received(bytes: Buffer, connection: Connection): void;
  /** The first whole message of an accepted connection: it is half-open no more. */
  heard(connection: Connection): void;
  /** @param lost whether bytes that were sent on the connection may not have arrived */
  closed(connection: Connection, reason: string, lost: boolean): void;
}

/** Who is at the other end, and by which socket. */
export interface ConnectionPeer {
  readonly id: number;
  readonly listener: BoundListener;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** See {@link Connection.domain}. */
  readonly domain?: string | undefined;
  /** When the peer connected, on the owner's clock: hand-shakes count into the time for the first message. */
  readonly since: number;
  /** See {@link Flow.peerDomains}. */
  readonly peerDomains?: readonly string[] | undefined;
  /** See {@link Flow.callsBack}. */
  readonly callsBack?: boolean | undefined;
}
