import { Reception } from '../../wire/rtp/reception.ts';
import type { QualityCounters } from './packet-path.ts';

/** Payload types of video with a static number, whose clock runs at 90 kHz (RFC 3551 §6). */
const VIDEO_TYPES: readonly number[] = [25, 26, 28, 31, 32, 33, 34];

/** Loss and jitter of one party, over all its SSRCs, and over the times when a fast rule takes its packets. */
export class Quality {
  #reception = new Reception();
  #clockRate = 0;
  #received = 0;
  #duplicates = 0;
  #lost = 0;
  #jitter = 0;

  /** @param now when the packet came, in ms */
  add(payloadType: number, sequenceNumber: number, timestamp: number, now: number): void {
    if (this.#clockRate === 0) this.#clockRate = VIDEO_TYPES.includes(payloadType) ? 90 : 8;
    this.#reception.add(sequenceNumber, timestamp, Math.round(now * this.#clockRate) | 0);
  }

  /** What follows does not continue what was: others saw the packets between, or the source is a new one. */
  interrupt(): void {
    const { received, duplicates, lost, jitter } = this.#reception;
    this.#received += received;
    this.#duplicates += duplicates;
    this.#lost += Math.max(0, lost);
    this.#jitter = this.#clockRate === 0 ? this.#jitter : jitter / this.#clockRate;
    this.#reception = new Reception();
    this.#clockRate = 0;
  }

  counters(): QualityCounters {
    const { received, duplicates, lost, jitter } = this.#reception;
    return {
      received: this.#received + received,
      duplicates: this.#duplicates + duplicates,
      lost: this.#lost + Math.max(0, lost),
      jitter: this.#clockRate === 0 ? this.#jitter : jitter / this.#clockRate,
    };
  }
}
