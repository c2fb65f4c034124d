import type { MaybePromise } from '../../../../core/registrar/location-store.ts';
import { whenReady } from '../../../../core/registrar/when-ready.ts';
import { type Database, type DbValue, equal, type Row } from '../../db/database.ts';
import type { CacheBackend } from '../../runtime/cache-backend.ts';
import type { CacheEntry } from './cache-entry.ts';

type Values = readonly DbValue[];

/** A table whose rows are kept in a key-value store, by one of their columns. */
export class CachedTable {
  readonly entry: CacheEntry;
  readonly columns: readonly string[];
  readonly #database: Database;
  readonly #cache: CacheBackend;
  /** Seconds that rows of a table that is wholly kept live. */
  readonly #expire: number;
  /** Keys of a table that is wholly kept, as it was read last. */
  #keys: readonly string[] = [];
  /** Rows on demand that were read before this generation are read anew. */
  #generation = 0;

  constructor(
    entry: CacheEntry,
    columns: readonly string[],
    parts: {
      readonly database: Database;
      readonly cache: CacheBackend;
      readonly expire: number;
    },
  ) {
    this.entry = entry;
    this.columns = columns;
    this.#database = parts.database;
    this.#cache = parts.cache;
    this.#expire = parts.expire;
  }

  /** Reads the whole table. @throws ServerError STORE_UNAVAILABLE */
  async load(): Promise<void> {
    const { key, table } = this.entry;
    const rows = await this.#database.select(table, { columns: [key, ...this.columns] });
    const keys: string[] = [];
    for (const row of rows) {
      const value = row[key];
      if (value === null || value === undefined) continue;
      keys.push(String(value));
      await this.#keep(String(value), this.#valuesOf(row), this.#expire);
    }
    const gone = this.#keys.filter((it) => !keys.includes(it));
    for (const name of gone) await this.#cache.remove(this.#nameOf(name));
    this.#keys = keys;
  }

  /** A column of the row with a key; undefined where there is no such column, null for NULL and for no row. */
  value(column: string, key: string): MaybePromise<DbValue | undefined> {
    const at = this.columns.indexOf(column);
    if (at < 0) return undefined;
    return whenReady(this.row(key), (values) => values?.[at] ?? null);
  }

  row(key: string): MaybePromise<Values | undefined> {
    return whenReady(this.#cache.fetch(this.#nameOf(key)), (text) => {
      const known = text === undefined ? undefined : this.#read(text);
      if (known !== undefined || !this.entry.onDemand) return known;
      return this.#fetch(key);
    });
  }

  /** Reads one row anew; on demand without a key, all of them when they are wanted. */
  async reload(key: string | undefined): Promise<boolean> {
    if (key !== undefined) {
      await this.#cache.remove(this.#nameOf(key));
      return (await this.#fetch(key)) !== undefined;
    }
    if (this.entry.onDemand) this.#generation++;
    else await this.load();
    return true;
  }

  /** Every row of a table that is wholly kept. */
  async rows(): Promise<readonly Values[]> {
    const found: Values[] = [];
    for (const key of this.#keys) {
      const values = await this.row(key);
      if (values !== undefined) found.push(values);
    }
    return found;
  }

  #fetch(key: string): MaybePromise<Values | undefined> {
    const { table, key: column, keyIsNumber, expire, onDemand } = this.entry;
    const where = equal({ [column]: keyIsNumber ? Number(key) : key });
    return whenReady(this.#database.select(table, { columns: this.columns, where, limit: 1 }), ([row]) => {
      if (row === undefined) return undefined;
      const values = this.#valuesOf(row);
      return whenReady(this.#keep(key, values, onDemand ? expire : this.#expire), () => values);
    });
  }

  #keep(key: string, values: Values, seconds: number): MaybePromise<boolean> {
    const kept = { generation: this.#generation, values };
    return this.#cache.store(this.#nameOf(key), JSON.stringify(kept), seconds);
  }

  #read(text: string): Values | undefined {
    const kept = JSON.parse(text) as { readonly generation: number; readonly values: Values };
    return kept.generation === this.#generation ? kept.values : undefined;
  }

  #valuesOf(row: Row): Values {
    return this.columns.map((name) => row[name] ?? null);
  }

  #nameOf(key: string): string {
    return `sql_cacher:${this.entry.id}:${key}`;
  }
}
