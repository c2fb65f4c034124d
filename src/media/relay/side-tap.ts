import type { StreamSide } from './stream-side.ts';

/**
 * Hears what a side's party sends: a recording, a detector of keys. Only what passed the checks of the source comes.
 * The bytes are valid only during the call.
 */
export interface SideTap {
  /** Whether every packet is wanted; else only those of {@link payloadTypes}. */
  readonly wantsAll: boolean;
  readonly payloadTypes?: readonly number[];
  /** Payload types that end here: the other party does not get them. */
  readonly keeps?: readonly number[];
  rtp?(bytes: Buffer, side: StreamSide): void;
  /** Compounds of RTCP, on whichever port they came. */
  rtcp?(bytes: Buffer, side: StreamSide): void;
  /** What leaves for the party by {@link StreamSide.send}, and is not from the other party. */
  sent?(bytes: Buffer, side: StreamSide): void;
  /** The side is gone: its call ended or timed out. Not called after the tap was detached. */
  closed?(side: StreamSide): void;
}
