import type { Clock } from '../../base/clock.ts';
import type { MediaSession } from './media-session.ts';
import type { LearnSettings, MediaAddress } from './relay-settings.ts';
import { StreamSide } from './stream-side.ts';

/** Sent without having been spoken of (RFC 3389 §4). */
const COMFORT_NOISE = 13;

/** One medium of a session: RTP and RTCP both ways. */
export class MediaStream {
  readonly session: MediaSession;
  /** From 1 on, as in the session description. */
  readonly media: number;
  readonly sides: readonly [StreamSide, StreamSide];
  /** Held by a command without `w`; the weak marks are the sides' own. */
  strong = false;
  ended = false;
  /** In ms of the clock. */
  readonly startedAt: number;
  readonly weak: [boolean, boolean] = [false, false];
  readonly #clock: Clock;

  constructor(
    session: MediaSession,
    media: number,
    addresses: readonly [MediaAddress, MediaAddress],
    learn: LearnSettings,
    clock: Clock,
  ) {
    this.session = session;
    this.media = media;
    this.#clock = clock;
    this.startedAt = clock.now();
    this.sides = [
      new StreamSide(this, 0, addresses[0], learn, clock),
      new StreamSide(this, 1, addresses[1], learn, clock),
    ];
  }

  /** Whether both sides are open: the offer was answered. */
  get complete(): boolean {
    return this.sides[0].ports !== undefined && this.sides[1].ports !== undefined;
  }

  /** Something changed that decides where packets go. */
  arrange(): void {
    const now = this.#clock.now();
    this.sides[0].arrange(now);
    this.sides[1].arrange(now);
  }

  /** Which payload types may bring in a source that was not signalled: those that either party spoke of. */
  allowTypes(): void {
    const lists = this.sides.flatMap(({ codecs }) => (codecs ? [codecs] : []));
    const flags = lists.length > 0 ? new Uint8Array(128) : undefined;
    for (const type of [...lists.flat(), COMFORT_NOISE]) if (flags) flags[type] = 1;
    for (const side of this.sides) side.latch.types = flags;
  }
}
