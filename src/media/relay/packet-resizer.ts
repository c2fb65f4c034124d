import { type FrameFormat, frameFormat } from '../../wire/rtp/frame-format.ts';
import {
  hasMarker,
  payload,
  payloadType,
  RTP_HEADER_BYTES,
  sequenceNumber,
  ssrc,
  timestamp,
  writeRtpHeader,
} from '../../wire/rtp/rtp-header.ts';

/** Payload that fits every network in one piece. */
const MOST_BYTES = 1400;
/** RTP's clock of all codecs that can be cut. */
const TICKS_PER_MS = 8;
/** Further back than this is no late packet, but another beginning. */
const LATEST_TICKS = 8000;
/** More that is missing at once is another beginning too (RFC 3550 §A.1). */
const MOST_LOST = 3000;

export interface ResizeCounters {
  taken: number;
  made: number;
  /** Came too late to be put anywhere. */
  discarded: number;
}

/**
 * Puts the sound of a stream into packets of another length (rtpproxy's modifier `z`), and numbers them anew. What is no
 * sound of a codec that can be cut passes as it is, in its place.
 */
export class PacketResizer {
  readonly #ms: number;
  readonly #counters: ResizeCounters;
  readonly #send: (bytes: Buffer) => void;
  readonly #packet = Buffer.alloc(RTP_HEADER_BYTES + MOST_BYTES);
  #ssrc = -1;
  #type = -1;
  /** Of the payload that waits in {@link #packet}. */
  #filled = 0;
  #marker = false;
  #start = 0;
  /** Where the sound goes on, and the number of the packet that should come. */
  #nextTimestamp = 0;
  #nextSequence = 0;
  /** Of the packet that is sent next. */
  #sequence = 0;

  /** @param send gets bytes that are valid only during the call */
  constructor(ms: number, counters: ResizeCounters, send: (bytes: Buffer) => void) {
    this.#ms = ms;
    this.#counters = counters;
    this.#send = send;
  }

  /** @param bytes a whole RTP header, valid only during the call */
  push(bytes: Buffer): void {
    this.#counters.taken++;
    const type = payloadType(bytes);
    const format = frameFormat(type);
    const sound = payload(bytes);
    const isNew = ssrc(bytes) !== this.#ssrc;
    if (isNew) this.#begin(bytes);
    if (!format || !sound || sound.length === 0 || sound.length % format.bytes !== 0) {
      this.#passOn(bytes);
      return;
    }
    const behind = (this.#nextTimestamp - timestamp(bytes)) | 0;
    if (!isNew && behind > 0 && behind < LATEST_TICKS) {
      this.#counters.discarded++;
      return;
    }
    const outMs = this.#framesOf(format) * format.ms;
    if (isNew || behind !== 0 || type !== this.#type || hasMarker(bytes)) this.#flush();
    if (!isNew) this.#skipLost(sequenceNumber(bytes), -behind, outMs * TICKS_PER_MS);
    this.#type = type;
    this.#nextSequence = (sequenceNumber(bytes) + 1) & 0xffff;
    this.#append(sound, format, timestamp(bytes), hasMarker(bytes));
  }

  #append(sound: Uint8Array, format: FrameFormat, at: number, marker: boolean): void {
    const most = this.#framesOf(format) * format.bytes;
    const ticksPerByte = (format.ms * TICKS_PER_MS) / format.bytes;
    for (let from = 0; from < sound.length; ) {
      if (this.#filled === 0) {
        this.#start = (at + from * ticksPerByte) >>> 0;
        this.#marker = marker && from === 0;
      }
      const end = Math.min(sound.length, from + most - this.#filled);
      this.#packet.set(sound.subarray(from, end), RTP_HEADER_BYTES + this.#filled);
      this.#filled += end - from;
      from = end;
      if (this.#filled === most) this.#flush();
    }
    this.#nextTimestamp = (at + sound.length * ticksPerByte) >>> 0;
  }

  #framesOf({ bytes, ms }: FrameFormat): number {
    return Math.max(1, Math.min(Math.ceil(this.#ms / ms), Math.floor(MOST_BYTES / bytes)));
  }

  /** What is missing in what comes shall be missing in what goes. */
  #skipLost(sequence: number, gap: number, ticks: number): void {
    const lost = (sequence - this.#nextSequence) & 0xffff;
    if (lost === 0 || lost > MOST_LOST || gap <= 0) return;
    this.#sequence = (this.#sequence + Math.max(1, Math.round(gap / ticks))) & 0xffff;
  }

  #begin(bytes: Buffer): void {
    this.#flush();
    if (this.#ssrc === -1) this.#sequence = sequenceNumber(bytes);
    this.#ssrc = ssrc(bytes);
    this.#nextSequence = sequenceNumber(bytes);
    this.#nextTimestamp = timestamp(bytes);
  }

  #flush(): void {
    if (this.#filled === 0) return;
    writeRtpHeader(this.#packet, {
      marker: this.#marker,
      payloadType: this.#type,
      sequenceNumber: this.#sequence,
      timestamp: this.#start,
      ssrc: this.#ssrc,
    });
    const length = RTP_HEADER_BYTES + this.#filled;
    this.#filled = 0;
    this.#emit(this.#packet.subarray(0, length));
  }

  #passOn(bytes: Buffer): void {
    this.#flush();
    this.#nextSequence = (sequenceNumber(bytes) + 1) & 0xffff;
    const copy = Buffer.from(bytes);
    copy.writeUInt16BE(this.#sequence, 2);
    this.#emit(copy);
  }

  #emit(bytes: Buffer): void {
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#counters.made++;
    this.#send(bytes);
  }
}
