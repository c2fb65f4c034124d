/** A use of a nonce whose credentials are right; times in ms since 1970. */
export interface NonceUse {
  readonly nonce: string;
  readonly issued: number;
  readonly expires: number;
  readonly count: number;
  readonly now: number;
}

/**
 * The counts that nonces were used with, so that no request is good twice. Bounded: where the table is full, the oldest
 * entry goes and with it every unused nonce that is no younger. Its owner is challenged again, and nothing can be replayed.
 */
export interface NonceCounts {
  /** How many nonces are in use. */
  readonly size: number;
  /** How many entries went before their time for want of room. */
  readonly overflowed: number;
  /** @returns false where the count is not higher than all before, or what came before is not known */
  use(use: NonceUse): boolean;
}

interface Entry {
  count: number;
  readonly issued: number;
  readonly expires: number;
}

/** Counts of one thread. */
export class LocalNonceCounts implements NonceCounts {
  readonly #limit: number;
  /** The highest count seen, by nonce, in the order of first use. */
  readonly #entries = new Map<string, Entry>();
  /** Nonces without an entry that were issued at or before this time are stale: their counts may have been forgotten. */
  #floor: number;
  overflowed = 0;

  /**
   * @param since what was counted before it is not known
   * @param limit how many nonces in use are remembered
   */
  constructor(since: number, limit = 50_000) {
    this.#floor = since - 1;
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  use({ nonce, issued, expires, count, now }: NonceUse): boolean {
    const known = this.#entries.get(nonce);
    if (known) {
      if (count <= known.count) return false;
      known.count = count;
      return true;
    }
    if (issued <= this.#floor) return false;
    this.#makeRoom(now);
    this.#entries.set(nonce, { count, issued, expires });
    return true;
  }

  #makeRoom(now: number): void {
    for (const [nonce, { issued, expires }] of this.#entries) {
      const isGood = expires >= now && issued <= now;
      if (isGood && this.#entries.size < this.#limit) return;
      if (isGood) {
        this.overflowed++;
        this.#floor = Math.max(this.#floor, issued);
      }
      this.#entries.delete(nonce);
    }
  }
}
