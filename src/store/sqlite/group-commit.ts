import type { Database, Statement } from './database.ts';

/**
 * Carries out writes of one turn of the event loop together, in one transaction: a commit costs several times what a row
 * does. All of them hold or none, and nobody is told before they do.
 */
export class GroupCommit {
  readonly #begin: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;
  readonly #exclusively: (job: () => void) => void;
  #writes: (() => void)[] = [];
  #group: PromiseWithResolvers<void> | undefined;

  /**
   * @param exclusively runs a job while no other thread of the process runs one: the file makes writers that meet sleep for
   *   milliseconds; at once unless given
   * @throws ServerError STORE_UNAVAILABLE
   */
  constructor(database: Database, exclusively: (job: () => void) => void = (job) => job()) {
    this.#exclusively = exclusively;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#rollback = database.prepare('ROLLBACK');
  }

  /**
   * @param write runs statements; nothing is committed where it throws
   * @returns when it is committed; rejects with ServerError STORE_UNAVAILABLE where it cannot be, and nothing has changed
   */
  add(write: () => void): Promise<void> {
    this.#writes.push(write);
    if (this.#group === undefined) {
      this.#group = Promise.withResolvers();
      // When all that the messages of this turn have set off has run, and before what they answer is sent.
      queueMicrotask(() => process.nextTick(() => this.flush()));
    }
    return this.#group.promise;
  }

  /** Commits at once what was added. */
  flush(): void {
    const group = this.#group;
    if (group === undefined) return;
    const writes = this.#writes;
    this.#group = undefined;
    this.#writes = [];
    try {
      this.#exclusively(() => this.#carryOut(writes));
      group.resolve();
    } catch (error) {
      group.reject(error);
    }
  }

  #carryOut(writes: readonly (() => void)[]): void {
    if (writes.length === 1) {
      writes[0]!();
      return;
    }
    this.#begin.run();
    try {
      for (const write of writes) write();
      this.#commit.run();
    } catch (error) {
      this.#undo();
      throw error;
    }
  }

  /** Some faults have ended the transaction already. */
  #undo(): void {
    try {
      this.#rollback.run();
    } catch {
      return;
    }
  }
}
