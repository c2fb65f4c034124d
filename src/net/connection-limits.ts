/** Bounds of connections. Times are milliseconds. */
export interface ConnectionLimits {
  /** Open connections altogether, accepted and dialled. */
  readonly maxConnections: number;
  /** Accepted connections from one IPv4 address, or one /64 of IPv6. */
  readonly maxPerSource: number;
  /** Accepted connections that have not sent a whole message yet; one more pushes the oldest out. */
  readonly maxHalfOpen: number;
  /** How long an accepted connection may take for its first message. */
  readonly halfOpenMs: number;
  /** How long a message may take from its first byte to its last. */
  readonly messageMs: number;
  readonly connectMs: number;
  /** How long a peer may leave unread what waits for it. */
  readonly stalledMs: number;
  /** A connection on which nothing moves for so long is closed. */
  readonly idleMs: number;
  /** Bytes that may wait for one connection; a message that does not fit is refused. */
  readonly maxQueuedBytes: number;
}

/** A phone that registers for an hour and keeps its connection is not idle within that hour. */
export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  maxConnections: 10_000,
  maxPerSource: 512,
  maxHalfOpen: 256,
  halfOpenMs: 10_000,
  messageMs: 10_000,
  connectMs: 10_000,
  stalledMs: 30_000,
  idleMs: 4_000_000,
  maxQueuedBytes: 1_048_576,
};
