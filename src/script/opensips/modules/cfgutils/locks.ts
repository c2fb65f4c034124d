import { BoundedMap } from '../../../../base/bounded-map.ts';

const MOST_LOCKS = 100_000;
/** Behind one lock: whoever comes after gets no lock. */
const MOST_WAITING = 1000;

/** Locks by name, so that two requests do not do the same thing at once. They are given in the order of asking. */
export class ScriptLocks {
  readonly #waiting = new BoundedMap<string, (() => void)[]>(MOST_LOCKS, 'refuse-new');

  /** @returns a promise where somebody else has it; false where too many have or want one */
  acquire(key: string): Promise<boolean> | boolean {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return this.#waiting.set(key, []);
    if (waiting.length >= MOST_WAITING) return false;
    return new Promise((resolve) => waiting.push(() => resolve(true)));
  }

  /** Nothing happens where nobody has it. */
  release(key: string): void {
    const waiting = this.#waiting.get(key);
    const next = waiting?.shift();
    if (next) next();
    else this.#waiting.delete(key);
  }
}
