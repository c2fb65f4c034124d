import type { Notify } from '../../wire/rtpproxy/command.ts';
import type { MediaStream } from './media-stream.ts';

/** The media of one call, or of one branch of it: found by Call-ID and the tag that made it. */
export class MediaSession {
  readonly callId: string;
  readonly fromTag: string;
  /** As soon as a command named it. */
  toTag: string | undefined;
  /** By their numbers. */
  readonly streams: Map<number, MediaStream> = new Map();
  /** In ms since 1970. */
  readonly startedAt: number;
  /** Who is told of a timeout. */
  notify: Notify | undefined;
  /** When a command named it last, in ms of the clock. */
  touchedAt: number;
  /** Before this time of the clock it cannot end by silence. */
  checkAt = 0;
  ended = false;

  constructor(callId: string, fromTag: string, startedAt: number, now: number) {
    this.callId = callId;
    this.fromTag = fromTag;
    this.startedAt = startedAt;
    this.touchedAt = now;
  }

  /** @returns which side a command with these tags means; undefined where it means another session */
  indexOf(fromTag: string, toTag: string | undefined): 0 | 1 | undefined {
    if (fromTag === this.fromTag) return 0;
    return toTag === this.fromTag ? 1 : undefined;
  }
}
