import { logLine } from '../../../../base/channels.ts';
import { ServerError } from '../../../../base/errors.ts';
import type { Binding, LocationStore, MaybePromise } from '../../../../core/registrar/location-store.ts';
import { whenReady } from '../../../../core/registrar/when-ready.ts';
import { type Database, equal } from '../../db/database.ts';
import type { LocationRows } from './location-rows.ts';

/** Contacts in memory, whatever the database holds. */
const MOST = 1_000_000;

/** When changes reach the database: at once, or by {@link SqlLocation.flush}. */
export type WriteMode = 'through' | 'back';

/** Bindings in memory that are kept in a table as well. */
export class SqlLocation implements LocationStore {
  readonly database: Database;
  readonly table: string;
  readonly #rows: LocationRows;
  readonly #mode: WriteMode;
  readonly #byAor = new Map<string, readonly Binding[]>();
  /** What the table does not say yet, by id: what is to stand there, undefined for nothing. */
  #dirty = new Map<string, Binding | undefined>();
  /** Of those that are dirty, which the table has never had. */
  #unknown = new Set<string>();
  #count = 0;

  private constructor(database: Database, table: string, rows: LocationRows, mode: WriteMode) {
    this.database = database;
    this.table = table;
    this.#rows = rows;
    this.#mode = mode;
  }

  /** Reads what the table holds. @throws ServerError STORE_UNAVAILABLE */
  static async open(
    database: Database,
    table: string,
    rows: LocationRows,
    mode: WriteMode,
  ): Promise<SqlLocation> {
    const location = new SqlLocation(database, table, rows, mode);
    for (const row of await database.select(table)) {
      const binding = rows.bindingOf(row);
      if (binding === undefined) continue;
      location.#put(binding.aor, [...location.find(binding.aor), binding]);
    }
    return location;
  }

  find(aor: string): readonly Binding[] {
    return this.#byAor.get(aor) ?? [];
  }

  /** @throws ServerError STORE_UNAVAILABLE where it is full, or the database fails; nothing is changed then */
  save(aor: string, bindings: readonly Binding[]): MaybePromise<void> {
    const before = this.find(aor);
    if (this.#count + bindings.length - before.length > MOST) {
      throw new ServerError('STORE_UNAVAILABLE', `the location table is full: ${MOST} contacts`);
    }
    const changes = changesBetween(before, bindings);
    if (this.#mode === 'back') {
      for (const [id, binding] of changes) {
        if (binding !== undefined && !before.some((it) => it.notes?.id === id)) this.#unknown.add(id);
        this.#dirty.set(id, binding);
      }
      this.#put(aor, bindings);
      return undefined;
    }
    return whenReady(this.#write(changes), () => this.#put(aor, bindings));
  }

  *all(): Generator<Binding> {
    for (const bindings of this.#byAor.values()) yield* bindings;
  }

  count(): number {
    return this.#count;
  }

  /** How far the table knows of a contact, in OpenSIPS's words. */
  stateOf(binding: Binding): 'CS_NEW' | 'CS_SYNC' | 'CS_DIRTY' {
    const id = binding.notes?.id ?? '';
    if (!this.#dirty.has(id)) return 'CS_SYNC';
    return this.#unknown.has(id) ? 'CS_NEW' : 'CS_DIRTY';
  }

  /** Writes what has changed since the last time. @throws ServerError STORE_UNAVAILABLE; it is tried again next time */
  async flush(): Promise<void> {
    const changes = this.#dirty;
    const unknown = this.#unknown;
    if (changes.size === 0) return;
    this.#dirty = new Map();
    this.#unknown = new Set();
    try {
      await this.#write(changes);
    } catch (error) {
      for (const [id, binding] of changes) if (!this.#dirty.has(id)) this.#dirty.set(id, binding);
      for (const id of unknown) this.#unknown.add(id);
      throw error;
    }
  }

  /** Empties the table, or what it has of one address-of-record, and writes what is in memory. */
  async sync(aor?: string): Promise<void> {
    await this.flush();
    const where = aor === undefined ? undefined : equal(this.#rows.owner(aor));
    await this.database.delete(this.table, where);
    const bindings = aor === undefined ? [...this.all()] : this.find(aor);
    await this.#write(new Map(bindings.map((it) => [it.notes?.id ?? '', it])));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      logLine('error', 'usrloc', 'contacts could not be written', { error });
    }
    await this.database[Symbol.asyncDispose]();
  }

  #put(aor: string, bindings: readonly Binding[]): void {
    this.#count += bindings.length - this.find(aor).length;
    if (bindings.length === 0) this.#byAor.delete(aor);
    else this.#byAor.set(aor, bindings);
  }

  #write(changes: ReadonlyMap<string, Binding | undefined>): MaybePromise<void> {
    return writeChanges(this.database, this.table, this.#rows, changes);
  }
}

/** Bindings that are in a table alone, which several servers may share. */
export class SqlOnlyLocation implements LocationStore {
  readonly database: Database;
  readonly #table: string;
  readonly #rows: LocationRows;

  constructor(database: Database, table: string, rows: LocationRows) {
    this.database = database;
    this.#table = table;
    this.#rows = rows;
  }

  find(aor: string): MaybePromise<readonly Binding[]> {
    const found = this.database.select(this.#table, { where: equal(this.#rows.owner(aor)) });
    return whenReady(found, (rows) =>
      rows.map((row) => this.#rows.bindingOf(row)).filter((it) => it !== undefined),
    );
  }

  save(aor: string, bindings: readonly Binding[]): MaybePromise<void> {
    return whenReady(this.find(aor), (before) =>
      writeChanges(this.database, this.#table, this.#rows, changesBetween(before, bindings)),
    );
  }

  async *all(): AsyncGenerator<Binding> {
    for (const row of await this.database.select(this.#table)) {
      const binding = this.#rows.bindingOf(row);
      if (binding !== undefined) yield binding;
    }
  }

  async count(): Promise<number> {
    return (await this.database.select(this.#table, { columns: [this.#rows.columns.contact_id] })).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database[Symbol.asyncDispose]();
  }
}

/** What is written anew, and (undefined) what goes, by id. Contacts that are in memory only are passed over. */
function changesBetween(
  before: readonly Binding[],
  after: readonly Binding[],
): Map<string, Binding | undefined> {
  const changes = new Map<string, Binding | undefined>();
  for (const { notes } of before) {
    if (notes !== undefined && !notes.memoryOnly) changes.set(notes.id, undefined);
  }
  for (const binding of after) {
    const id = binding.notes?.id;
    if (id === undefined || binding.notes?.memoryOnly === true) continue;
    if (before.includes(binding)) changes.delete(id);
    else changes.set(id, binding);
  }
  return changes;
}

function writeChanges(
  database: Database,
  table: string,
  rows: LocationRows,
  changes: ReadonlyMap<string, Binding | undefined>,
): MaybePromise<void> {
  if (changes.size === 0) return undefined;
  const key = rows.columns.contact_id;
  const steps = [...changes].map(([id, binding]) => () => {
    if (binding === undefined) return database.delete(table, equal({ [key]: Number(id) }));
    return database.upsert(table, [key], rows.rowOf(binding));
  });
  return database.together(() => inOrder(steps, 0));
}

/** One after another; at once where nothing waits. */
function inOrder(steps: readonly (() => MaybePromise<unknown>)[], from: number): MaybePromise<void> {
  for (let i = from; i < steps.length; i++) {
    const step = steps[i]!();
    if (step instanceof Promise) return step.then(() => inOrder(steps, i + 1));
  }
  return undefined;
}
