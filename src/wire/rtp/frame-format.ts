import { PCMA, PCMU } from './g711.ts';

/** How sound of a payload type is cut into packets. All of these have an RTP clock of 8 kHz (RFC 3551 §4.5). */
export interface FrameFormat {
  /** What cannot be cut smaller: bytes, and the time that they sound. */
  readonly bytes: number;
  readonly ms: number;
  /** A byte of silence, where there is one. */
  readonly silence?: number;
}

const FORMATS: ReadonlyMap<number, FrameFormat> = new Map([
  [PCMU, { bytes: 8, ms: 1, silence: 0xff }],
  [PCMA, { bytes: 8, ms: 1, silence: 0xd5 }],
  // GSM, G.723 at 6.3 kbit/s, G.722, G.729.
  [3, { bytes: 33, ms: 20 }],
  [4, { bytes: 24, ms: 30 }],
  [9, { bytes: 8, ms: 1 }],
  [18, { bytes: 10, ms: 10 }],
]);

/** @returns undefined for payload types that no prompt can be made for */
export function frameFormat(payloadType: number): FrameFormat | undefined {
  return FORMATS.get(payloadType);
}
