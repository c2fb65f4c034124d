import type { TransactionCounters } from './transaction-counters.ts';

/** A machine whose request is answered: it only waits for what comes late. */
export interface Lingerer {
  /** Its place among those that linger; -1 while it does not. The owner's own. */
  lingersAt: number;
  /** Ends it, as its timer does. */
  waitOver(): void;
}

/**
 * The answered machines of one table (timers D, J, L and M). Each is kept for 64 T1, but no longer than until as many as
 * there is room for have been answered after it: so a busy server has no less room for new ones, and little garbage that
 * lives long, and what is left of the wait is still that of other servers (5 s).
 */
export class Lingering {
  readonly #places: (Lingerer | undefined)[];
  readonly #counters: TransactionCounters;
  #next = 0;

  /** @param limit how many machines the table takes; a third of them may be answered ones */
  constructor(limit: number, counters: TransactionCounters) {
    const room = Math.max(1, Math.floor(limit / 3));
    this.#places = new Array<Lingerer | undefined>(room).fill(undefined);
    this.#counters = counters;
  }

  add(machine: Lingerer): void {
    const place = this.#next;
    this.#next = place + 1 === this.#places.length ? 0 : place + 1;
    const oldest = this.#places[place];
    if (oldest !== undefined) {
      this.#counters.endedEarly++;
      oldest.waitOver();
    }
    machine.lingersAt = place;
    this.#places[place] = machine;
  }

  remove(machine: Lingerer): void {
    if (machine.lingersAt >= 0) this.#places[machine.lingersAt] = undefined;
    machine.lingersAt = -1;
  }
}
