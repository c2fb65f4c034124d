/** Looks at a lock that another thread has, before this one sleeps. */
const SPINS = 200;
/** A thread that sleeps looks again after so long, whoever has forgotten to wake it, in ms. */
const NAP_MS = 1;

/**
 * Locks that threads of one process share, each held for microseconds. A lock names its holder, so that what a thread that
 * ended has left shut can be opened. No thread takes a second one.
 */
export class SharedLocks {
  readonly #words: Int32Array;
  readonly #me: number;

  /**
   * @param words one for each lock, in memory that all share; zero when they are made
   * @param me who this thread is, from 0 on
   */
  constructor(words: Int32Array, me: number) {
    this.#words = words;
    this.#me = me + 1;
  }

  get count(): number {
    return this.#words.length;
  }

  /** Waits until nobody has it. */
  take(lock: number): void {
    for (let tries = 0; ; tries++) {
      const holder = Atomics.compareExchange(this.#words, lock, 0, this.#me);
      if (holder === 0) return;
      if (tries > SPINS) Atomics.wait(this.#words, lock, holder, NAP_MS);
    }
  }

  give(lock: number): void {
    Atomics.store(this.#words, lock, 0);
    Atomics.notify(this.#words, lock, 1);
  }

  /** A thread has ended, perhaps with a lock in its hand. */
  release(who: number): void {
    for (let lock = 0; lock < this.#words.length; lock++) {
      Atomics.compareExchange(this.#words, lock, who + 1, 0);
    }
  }
}
