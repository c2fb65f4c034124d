import type { MediaStream } from './media-stream.ts';

/** Counted since the start; a medium of a call is what rtpproxy calls a session. */
export class RelayCounters {
  created = 0;
  destroyed = 0;
  timedOut = 0;
  /** Media whose both sides were opened. */
  complete = 0;
  /** Media that were not made, for there are too many. */
  refused = 0;

  ended(_stream: MediaStream): void {
    this.destroyed++;
  }
}
