import { ServerError } from '../../base/errors.ts';
import type { Binding, LocationStore } from '../../core/registrar/location-store.ts';
import { MemoryLocation } from '../memory/location.ts';
import type { Database, Statement } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { SharedTexts } from './shared-texts.ts';

/**
 * Bindings in a table, with a copy of all of them in memory: look-ups never touch the file, and a change is answered for
 * once it is committed, with the others of its turn of the event loop. One server at a time may use the table; the workers
 * of one tell each other what they change. Closing the database is its owner's.
 */
export class SqliteLocation implements LocationStore {
  readonly #memory: MemoryLocation;
  readonly #put: Statement;
  readonly #remove: Statement;
  readonly #get: Statement;
  readonly #path: string;
  readonly #group: GroupCommit;
  /** Hears of each change after it was committed: the bindings as they are stored, '' where none are left. */
  committed: ((aor: string, text: string) => void) | undefined = undefined;

  /**
   * Loads what is stored.
   * @param limit how many bindings there may be; default a million
   * @param exclusively as {@link GroupCommit}'s
   * @throws ServerError STORE_UNAVAILABLE where the table cannot be read
   */
  constructor(database: Database, limit?: number, exclusively?: (job: () => void) => void) {
    this.#memory = new MemoryLocation(limit);
    this.#put = database.prepare(
      'INSERT INTO location (aor, bindings) VALUES (?, ?) ON CONFLICT (aor) DO UPDATE SET bindings = excluded.bindings',
    );
    this.#remove = database.prepare('DELETE FROM location WHERE aor = ?');
    this.#get = database.prepare('SELECT bindings FROM location WHERE aor = ?');
    this.#path = database.path;
    this.#group = new GroupCommit(database, exclusively);
    const shared = new SharedTexts();
    for (const { aor, bindings } of database.prepare('SELECT aor, bindings FROM location').each()) {
      const read = readBindings(database.path, String(bindings)).map((it) => shared.in(it));
      this.#memory.save(read[0]?.aor ?? String(aor), read);
    }
  }

  find(aor: string): readonly Binding[] {
    return this.#memory.find(aor);
  }

  /** Rejects with ServerError STORE_UNAVAILABLE where it cannot be written, or is full; nothing is changed then. */
  async save(aor: string, bindings: readonly Binding[]): Promise<void> {
    this.#memory.checkRoom(aor, bindings);
    const text = bindings.length === 0 ? '' : JSON.stringify(bindings);
    await this.#group.add(() => {
      if (text === '') this.#remove.run(aor);
      else this.#put.run(aor, text);
    });
    this.#memory.put(aor, bindings);
    this.committed?.(aor, text);
  }

  /** Another worker has changed the bindings of an address-of-record, and told it as {@link committed} does. */
  learn(aor: string, text: string): void {
    this.#memory.put(aor, text === '' ? [] : readBindings(this.#path, text));
  }

  /**
   * What stands in the file, whatever was heard of.
   * @throws ServerError STORE_UNAVAILABLE
   */
  read(aor: string): readonly Binding[] {
    const row = this.#get.get(aor);
    return row === undefined ? [] : readBindings(this.#path, String(row.bindings));
  }

  all(): Iterable<Binding> {
    return this.#memory.all();
  }

  count(): number {
    return this.#memory.count();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#group.flush();
    await this.#memory[Symbol.asyncDispose]();
  }
}

function readBindings(path: string, text: string): Binding[] {
  try {
    return JSON.parse(text) as Binding[];
  } catch (cause) {
    throw new ServerError('STORE_UNAVAILABLE', `${path}: a row of the location table cannot be read`, {
      cause,
    });
  }
}
