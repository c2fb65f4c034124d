/** The timers of RFC 3261 §17 that may be configured, in milliseconds; the others follow from them. */
export interface TransactionTimers {
  /** The round-trip estimate: the first retransmission comes after it. */
  readonly t1: number;
  /** The longest wait between retransmissions of a non-INVITE request or an INVITE's answer. */
  readonly t2: number;
  /** How long a message may linger in the network: the waits I and K. */
  readonly t4: number;
  /** How long a request waits for an answer: timer B (until any answer) and timer F (until a final one). */
  readonly frTimeout: number;
}

/** RFC 3261 appendix A. */
export const DEFAULT_TIMERS: TransactionTimers = { t1: 500, t2: 4000, t4: 5000, frTimeout: 32_000 };
