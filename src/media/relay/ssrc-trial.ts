/** After so long without the old SSRC, three packet times, a new one may follow it. */
const CEASED_MS = 60;
const PACKETS = 2;
/** Silence of the new SSRC after which it was nothing. */
const OVER_MS = 1000;

/**
 * A new SSRC from the party's own address and port. It is believed when its packets follow one another while the old
 * one has ceased, so that a forged packet between the party's own changes nothing.
 */
export class SsrcTrial {
  #ssrc = 0;
  #sequence = 0;
  #packets = 0;
  #at = 0;

  get active(): boolean {
    return this.#packets > 0;
  }

  reset(): void {
    this.#packets = 0;
  }

  /** @returns whether it ends now, for the old SSRC goes on and the new one does not */
  endedBy(now: number): boolean {
    if (this.#packets === 0 || now - this.#at < OVER_MS) return false;
    this.#packets = 0;
    return true;
  }

  /**
   * @param heardAt when the old one was heard last
   * @param expected a command just said that something may change
   * @returns whether the new one is believed now
   */
  goesOn(ssrc: number, sequence: number, now: number, heardAt: number, expected: boolean): boolean {
    const follows = this.#packets > 0 && ssrc === this.#ssrc && sequence === ((this.#sequence + 1) & 0xffff);
    this.#packets = follows ? this.#packets + 1 : 1;
    this.#ssrc = ssrc;
    this.#sequence = sequence;
    this.#at = now;
    if (this.#packets < PACKETS || !(expected || now - heardAt >= CEASED_MS)) return false;
    this.#packets = 0;
    return true;
  }
}
