import { BoundedMap } from '../base/bounded-map.ts';
import type { Clock } from '../base/clock.ts';

/** A value that is there at once, or later. Waiting for what is there already would cost a turn of the loop. */
export type Eventually<T> = T | Promise<T>;

/** Goes on with `value` as soon as it is there. */
export function after<T, U>(value: Eventually<T>, next: (value: T) => Eventually<U>): Eventually<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** What a look-up found; nothing found is an answer too. */
export interface Answer<T> {
  readonly records: readonly T[];
  /** How long it holds, in ms. */
  readonly ttlMs: number;
}

interface Entry<T> {
  readonly records: Eventually<readonly T[]>;
  readonly expires: number;
}

/** Remembers look-ups for as long as they hold; those under way are shared, and their number is bounded. */
export class LookupCache<T> {
  readonly #clock: Clock;
  readonly #maxPending: number;
  readonly #entries: BoundedMap<string, Entry<T>>;
  #pending = 0;
  /** Look-ups refused because too many were under way. */
  refused = 0;

  constructor(clock: Clock, maxEntries: number, maxPending: number) {
    this.#clock = clock;
    this.#maxPending = maxPending;
    this.#entries = new BoundedMap(maxEntries, 'drop-oldest');
  }

  /** @param ask makes the look-up; it must not reject */
  get(key: string, ask: () => Promise<Answer<T>>): Eventually<readonly T[]> {
    const known = this.#entries.get(key);
    if (known && known.expires > this.#clock.now()) return known.records;
    if (this.#pending >= this.#maxPending) {
      this.refused++;
      return [];
    }
    this.#pending++;
    const records = ask().then((answer) => {
      this.#pending--;
      this.#entries.set(key, { records: answer.records, expires: this.#clock.now() + answer.ttlMs });
      return answer.records;
    });
    this.#entries.set(key, { records, expires: Number.POSITIVE_INFINITY });
    return records;
  }
}
