/** A step forward that is still loss, and one backward that is still disorder (RFC 3550 §A.1). */
const LARGEST_GAP = 3000;
const LARGEST_DISORDER = 100;
const CYCLE = 0x1_0000;

/**
 * What one source's packets say about the path they took: received, lost, jitter (RFC 3550 §6.4.1, §A.1, §A.8). The
 * caller tells when each packet came, in units of the payload's clock.
 */
export class Reception {
  #received = 0;
  #duplicates = 0;
  #baseSequence = -1;
  #highest = 0;
  #badSequence = -1;
  #transit: number | undefined;
  #jitter = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;

  /** Packets that came, those that came twice included. */
  get received(): number {
    return this.#received;
  }

  /** Packets with the sequence number of the one before. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Cycles above, sequence number below (32 bits). */
  get highestSequence(): number {
    return this.#highest >>> 0;
  }

  get expected(): number {
    return this.#baseSequence < 0 ? 0 : this.#highest - this.#baseSequence + 1;
  }

  /** Negative where packets came twice. */
  get lost(): number {
    return this.expected - this.#received;
  }

  /** In units of the payload's clock. */
  get jitter(): number {
    return this.#jitter;
  }

  /**
   * @param arrival when the packet came, in units of the payload's clock; only differences matter
   * @returns false for a packet that fits nowhere: it is not counted, unless another follows it in sequence
   */
  add(sequenceNumber: number, timestamp: number, arrival: number): boolean {
    if (!this.#follow(sequenceNumber)) return false;
    this.#received++;
    const transit = (arrival - timestamp) | 0;
    if (this.#transit !== undefined) {
      this.#jitter += (Math.abs((transit - this.#transit) | 0) - this.#jitter) / 16;
    }
    this.#transit = transit;
    return true;
  }

  /** @returns the share lost since the last time it was asked, 0 to 255 of 256 (RFC 3550 §A.3) */
  takeFractionLost(): number {
    const expected = this.expected - this.#expectedBefore;
    const lost = expected - (this.#received - this.#receivedBefore);
    this.#expectedBefore = this.expected;
    this.#receivedBefore = this.#received;
    return expected <= 0 || lost <= 0 ? 0 : Math.min(255, Math.floor((lost * 256) / expected));
  }

  #follow(sequenceNumber: number): boolean {
    if (this.#baseSequence < 0) {
      this.#baseSequence = sequenceNumber;
      this.#highest = sequenceNumber;
      return true;
    }
    const step = (sequenceNumber - this.#highest) & 0xffff;
    if (step === 0) {
      this.#duplicates++;
      return true;
    }
    if (step < LARGEST_GAP) {
      this.#highest += step;
      return true;
    }
    if (step >= CYCLE - LARGEST_DISORDER) return true;
    // Two in sequence after a jump: the source has begun anew (RFC 3550 §A.1).
    if (sequenceNumber !== this.#badSequence) {
      this.#badSequence = (sequenceNumber + 1) & 0xffff;
      return false;
    }
    this.#restart(sequenceNumber);
    return true;
  }

  #restart(sequenceNumber: number): void {
    this.#baseSequence = sequenceNumber;
    this.#highest = sequenceNumber;
    this.#badSequence = -1;
    this.#received = 0;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
    this.#transit = undefined;
  }
}
