/** One key that a party has pressed and let go. */
export interface KeyPress {
  /** `0` to `9`, `*`, `#`, `A` to `D`, `!` for a hook flash. */
  readonly key: string;
  /** The event of RFC 4733 §3.2. */
  readonly event: number;
  /** 0 to 63: dB below 0 dBm0. */
  readonly volume: number;
  /** In units of the RTP clock. */
  readonly duration: number;
  readonly durationMs: number;
  /** Told by telephone events (RFC 4733), or heard in the sound. */
  readonly origin: 'event' | 'tone';
}
