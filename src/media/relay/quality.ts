import { Reception } from '../../wire/rtp/reception.ts';
import type { QualityCounters } from './packet-path.ts';

/** Payload types of video with a static number, whose clock runs at 90 kHz (RFC 3551 §6). */
const VIDEO_TYPES: readonly number[] = [25, 26, 28, 31, 32, 33, 34];

/** Loss and jitter of what one party sends, over all its SSRCs, and over times in which others see its packets. */
export class Quality implements QualityCounters {
  #reception = new Reception();
  /** Ticks of the payload's clock in a millisecond; 0 until a packet tells. */
  #clockRate = 0;
  #received = 0;
  #duplicates = 0;
  #lost = 0;
  #jitter = 0;
  #jitterSum = 0;
  #jitterSamples = 0;
  #largestJitter = 0;
  #longestGapMs = 0;
  /** When the last packet came; undefined where others saw packets since. */
  #at: number | undefined;

  get received(): number {
    return this.#received + this.#reception.received;
  }

  get duplicates(): number {
    return this.#duplicates + this.#reception.duplicates;
  }

  get lost(): number {
    return this.#lost + Math.max(0, this.#reception.lost);
  }

  get jitter(): number {
    return this.#jitter;
  }

  /** In ms, as {@link averageJitter}. */
  get largestJitter(): number {
    return this.#largestJitter;
  }

  get averageJitter(): number {
    return this.#jitterSamples === 0 ? 0 : this.#jitterSum / this.#jitterSamples;
  }

  /** The longest time between two packets that came by here, in ms. */
  get longestGapMs(): number {
    return this.#longestGapMs;
  }

  /** @param now when the packet came, in ms */
  add(payloadType: number, sequenceNumber: number, timestamp: number, now: number): void {
    if (this.#clockRate === 0) this.#clockRate = VIDEO_TYPES.includes(payloadType) ? 90 : 8;
    const reception = this.#reception;
    const { received, duplicates, lost } = reception;
    reception.add(sequenceNumber, timestamp, now * this.#clockRate);
    // After a jump the source counts as a new one (RFC 3550 §A.1); what was before remains true.
    if (reception.received < received) this.#keep(received, duplicates, lost);
    this.#jitter = reception.jitter / this.#clockRate;
    this.#jitterSum += this.#jitter;
    this.#jitterSamples++;
    if (this.#jitter > this.#largestJitter) this.#largestJitter = this.#jitter;
    if (this.#at !== undefined) this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#at);
    this.#at = now;
  }

  /** What follows does not continue what was: others saw the packets between, or the SSRC is a new one. */
  interrupt(): void {
    const { received, duplicates, lost } = this.#reception;
    this.#keep(received, duplicates, lost);
    this.#reception = new Reception();
    this.#clockRate = 0;
    this.#at = undefined;
  }

  counters(): QualityCounters {
    const { received, duplicates, lost, jitter, largestJitter, averageJitter, longestGapMs } = this;
    return { received, duplicates, lost, jitter, largestJitter, averageJitter, longestGapMs };
  }

  #keep(received: number, duplicates: number, lost: number): void {
    this.#received += received;
    this.#duplicates += duplicates;
    this.#lost += Math.max(0, lost);
  }
}
