import type { IdSource } from '../../base/ids.ts';
import { RTP_HEADER_BYTES, writeRtpHeader } from '../../wire/rtp/rtp-header.ts';
import type { StreamSide } from '../relay/stream-side.ts';
import type { Prompt } from './prompt.ts';

/** Units of the RTP clock in a millisecond, of all that can be played. */
const UNITS_PER_MS = 8;
/** Later than this, packets are left out instead of sent in a burst. */
const LARGEST_LAG_MS = 200;

/** One prompt on its way to one party. It has no timer: who owns it says when it may go on. */
export class Playing {
  readonly side: StreamSide;
  /** Sent so far. */
  packets = 0;
  readonly #prompt: Prompt;
  readonly #packet: Buffer;
  readonly #packetMs: number;
  readonly #ssrc: number;
  #sequence: number;
  #timestamp: number;
  #marker = true;
  /** Of the frames. */
  #at = 0;
  /** Times that are still to be begun; below zero, without end. */
  #left: number;
  #due: number;
  #ended = false;

  /** @param count how many times, -1 for ever @param packetMs at least one frame is sent @param start in ms of the clock */
  constructor(
    side: StreamSide,
    prompt: Prompt,
    count: number,
    packetMs: number,
    ids: IdSource,
    start: number,
  ) {
    this.side = side;
    this.#prompt = prompt;
    const frames = Math.max(1, Math.ceil(packetMs / prompt.format.ms));
    this.#packetMs = frames * prompt.format.ms;
    this.#packet = Buffer.alloc(RTP_HEADER_BYTES + frames * prompt.format.bytes);
    this.#ssrc = ids.uint32();
    this.#sequence = ids.uint32() & 0xffff;
    this.#timestamp = ids.uint32();
    this.#left = count < 0 ? -1 : count - 1;
    this.#ended = count === 0;
    this.#due = start;
  }

  /** Sends what is due. @returns false when it is over: the last packet has had its time */
  goOn(now: number): boolean {
    if (now - this.#due > LARGEST_LAG_MS) this.#skip(Math.floor((now - this.#due) / this.#packetMs));
    while (this.#due <= now) {
      if (this.#ended) return false;
      // Nobody is there yet, or the party is on hold: the prompt waits, time goes on.
      if (this.side.remote === undefined) this.#skip(1);
      else this.#send();
    }
    return true;
  }

  #skip(packets: number): void {
    this.#due += packets * this.#packetMs;
    this.#timestamp += packets * this.#packetMs * UNITS_PER_MS;
    this.#marker = true;
  }

  #send(): void {
    const length = this.#fill();
    writeRtpHeader(this.#packet, {
      marker: this.#marker,
      payloadType: this.#prompt.payloadType,
      sequenceNumber: this.#sequence,
      timestamp: this.#timestamp,
      ssrc: this.#ssrc,
    });
    this.side.send(length === this.#packet.length ? this.#packet : this.#packet.subarray(0, length));
    this.packets++;
    this.#marker = false;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + this.#packetMs * UNITS_PER_MS) >>> 0;
    this.#due += this.#packetMs;
  }

  /** Puts the next payload in place, over the end and on from the beginning. @returns the packet's length */
  #fill(): number {
    const { frames, format } = this.#prompt;
    let filled = RTP_HEADER_BYTES;
    while (filled < this.#packet.length) {
      const copied = frames.copy(this.#packet, filled, this.#at, this.#at + this.#packet.length - filled);
      filled += copied;
      this.#at += copied;
      if (this.#at < frames.length) continue;
      this.#at = 0;
      if (this.#left === 0) {
        this.#ended = true;
        break;
      }
      if (this.#left > 0) this.#left--;
    }
    if (format.silence === undefined) return filled;
    this.#packet.fill(format.silence, filled);
    return this.#packet.length;
  }
}
