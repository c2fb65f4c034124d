/** Samples a second of G.711, of its RTP timestamps, and of the recording. */
export const SOUND_RATE = 8000;

/** How far packets may be behind or before the time that their timestamp says, before the timestamp is disbelieved. */
export const LARGEST_SHIFT: number = SOUND_RATE;
/** Packets in a row that have to agree that the timestamps have jumped: half a second. */
const JUMPED_AFTER = 25;
/** Packets of which the least delayed one tells how the sender's clock goes: two seconds. */
const WINDOW = 100;
/** 10 ms: less is left alone. */
const TOLERANCE = 80;

/**
 * Finds where each packet of one party stands in the recording. RTP timestamps say how packets lie to each other, and
 * the time of arrival how the party lies to the other one: the first packet stands where it arrived. A sender whose
 * clock goes slower or faster than ours is followed by one sample a packet; one that begins anew, with another SSRC or
 * with timestamps from elsewhere, stands where it arrives.
 */
export class LegTimeline {
  #ssrc: number | undefined;
  #timestamp = 0;
  #position = 0;
  #outside = 0;
  /** Of the packets in the window: the smallest delay, and how many they are. */
  #least = Number.POSITIVE_INFINITY;
  #seen = 0;
  /** Samples still to be moved. */
  #owed = 0;

  /**
   * @param arrival in samples of the recording
   * @returns the position of the packet's first sample; undefined for a packet that belongs nowhere
   */
  place(ssrc: number, timestamp: number, marker: boolean, arrival: number): number | undefined {
    if (this.#ssrc !== ssrc) return this.#anchor(ssrc, timestamp, arrival);
    const position = this.#position + ((timestamp - this.#timestamp) | 0);
    const delay = arrival - position;
    if (Math.abs(delay) <= LARGEST_SHIFT) {
      this.#outside = 0;
      return this.#follow(timestamp, position, delay);
    }
    this.#outside++;
    // A burst after a stall is late too, and ends soon; a new spurt of talk says that it is new.
    return marker || this.#outside >= JUMPED_AFTER ? this.#anchor(ssrc, timestamp, arrival) : undefined;
  }

  #anchor(ssrc: number, timestamp: number, arrival: number): number {
    this.#ssrc = ssrc;
    this.#timestamp = timestamp;
    this.#position = arrival;
    this.#outside = 0;
    this.#owed = 0;
    this.#startWindow();
    return arrival;
  }

  #follow(timestamp: number, position: number, delay: number): number {
    this.#least = Math.min(this.#least, delay);
    if (++this.#seen === WINDOW) {
      this.#owed = Math.abs(this.#least) > TOLERANCE ? this.#least : 0;
      this.#startWindow();
    }
    const step = Math.sign(this.#owed);
    this.#owed -= step;
    this.#timestamp = timestamp;
    this.#position = position + step;
    return this.#position;
  }

  #startWindow(): void {
    this.#least = Number.POSITIVE_INFINITY;
    this.#seen = 0;
  }
}
