import { Reception } from '../../wire/rtp/reception.ts';
import type { QualityCounters } from './packet-path.ts';

/** Payload types of video with a static number, whose clock runs at 90 kHz (RFC 3551 §6). */
const VIDEO_TYPES: readonly number[] = [25, 26, 28, 31, 32, 33, 34];

/** Loss and jitter of what one party sends, over all its SSRCs, and over times in which others see its packets. */
export class Quality {
  #reception = new Reception();
  /** Ticks of the payload's clock in a millisecond; 0 until a packet tells. */
  #clockRate = 0;
  #expected = 0;
  #received = 0;
  #duplicates = 0;
  #jitter = 0;
  #largestJitter = 0;

  /** @param now when the packet came, in ms */
  add(payloadType: number, sequenceNumber: number, timestamp: number, now: number): void {
    if (this.#clockRate === 0) this.#clockRate = VIDEO_TYPES.includes(payloadType) ? 90 : 8;
    this.#reception.add(sequenceNumber, timestamp, (now * this.#clockRate) | 0);
    this.#jitter = this.#reception.jitter / this.#clockRate;
    if (this.#jitter > this.#largestJitter) this.#largestJitter = this.#jitter;
  }

  /** What follows does not continue what was: others saw the packets between, or the SSRC is a new one. */
  interrupt(): void {
    const { expected, received, duplicates } = this.#reception;
    this.#expected += expected;
    this.#received += received - duplicates;
    this.#duplicates += duplicates;
    this.#reception = new Reception();
    this.#clockRate = 0;
  }

  counters(): QualityCounters {
    const { expected, received, duplicates } = this.#reception;
    return {
      expected: this.#expected + expected,
      received: this.#received + received - duplicates,
      duplicates: this.#duplicates + duplicates,
      jitter: this.#jitter,
      largestJitter: this.#largestJitter,
    };
  }
}

/** What two saw of one party, each at other times; `a` was the last. */
export function sumOfQuality(a: QualityCounters, b: QualityCounters | undefined): QualityCounters {
  if (!b) return a;
  return {
    expected: a.expected + b.expected,
    received: a.received + b.received,
    duplicates: a.duplicates + b.duplicates,
    jitter: a.jitter,
    largestJitter: Math.max(a.largestJitter, b.largestJitter),
  };
}
