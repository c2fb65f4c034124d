import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { Database, DatabaseDriver } from './database.ts';
import type { DbUrl } from './db-url.ts';

/** The databases of one driver module: those that are shared are opened once for each URL, and end with it. */
export class SharedDatabases<D extends Database = Database> implements DatabaseDriver, AsyncDisposable {
  readonly #connect: (url: DbUrl) => MaybePromise<D>;
  readonly #open = new Map<string, MaybePromise<D>>();

  constructor(connect: (url: DbUrl) => MaybePromise<D>) {
    this.#connect = connect;
  }

  connect(url: DbUrl): MaybePromise<D> {
    return this.#connect(url);
  }

  shared(url: DbUrl): MaybePromise<D> {
    const known = this.#open.get(url.text);
    if (known !== undefined) return known;
    const made = this.#connect(url);
    this.#open.set(url.text, made);
    if (made instanceof Promise) made.catch(() => this.#open.delete(url.text));
    return made;
  }

  /** Those that are open. */
  get all(): Iterable<MaybePromise<D>> {
    return this.#open.values();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const database of this.#open.values()) await (await database)[Symbol.asyncDispose]();
    this.#open.clear();
  }
}
