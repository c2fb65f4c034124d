import type { MaybePromise } from './location-store.ts';

/**
 * Lets jobs of one key run one after another, in the order in which they came. A job that does not wait costs nothing:
 * it runs at once, and only one that waits makes a queue. Bounded in all; what does not fit is refused and counted.
 */
export class Turns {
  readonly #limit: number;
  readonly #last = new Map<string, Promise<void>>();
  #waiting = 0;
  /** How many jobs were refused because too many waited. */
  refused = 0;

  /** @param limit how many jobs may wait for their turn, over all keys */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many jobs wait for their turn. */
  get waiting(): number {
    return this.#waiting;
  }

  /** @returns what the job returns; undefined where too many wait already, and the job is not run */
  take<T>(key: string, job: () => MaybePromise<T>): MaybePromise<T> | undefined {
    const before = this.#last.get(key);
    if (before === undefined) {
      const result = job();
      if (result instanceof Promise) this.#follow(key, result);
      return result;
    }
    if (this.#waiting >= this.#limit) {
      this.refused++;
      return undefined;
    }
    this.#waiting++;
    const result = before.then(() => {
      this.#waiting--;
      return job();
    });
    this.#follow(key, result);
    return result;
  }

  #follow(key: string, result: Promise<unknown>): void {
    const done = () => {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    };
    const settled: Promise<void> = result.then(done, done);
    this.#last.set(key, settled);
  }
}
