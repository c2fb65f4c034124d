import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ServerError } from '../../../base/errors.ts';
import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { Condition, Database, DbInput, DbValue, RawResult, Row, Selection } from './database.ts';
import type { DbUrl } from './db-url.ts';
import { isIdentifier, type TableLayout } from './table-layout.ts';
import { type TextRow, TextTable } from './text-table.ts';

type RowInput = Readonly<Record<string, DbInput>>;

interface Loaded {
  table: TextTable;
  /** Of the file when it was read or written. */
  modified: number;
}

/**
 * A folder whose files are tables. Kept in memory and written by {@link flush} and at the end, or with `immediate` looked
 * at before each use and written with each change.
 */
export class TextDatabase implements Database {
  readonly url: DbUrl;
  /** Path of the folder. */
  readonly folder: string;
  readonly #immediate: boolean;
  readonly #tables = new Map<string, Loaded>();

  /** @param base what a folder without a leading `/` is in */
  constructor(url: DbUrl, base: string, immediate: boolean) {
    this.url = url;
    this.folder = url.database.startsWith('/') ? url.database : join(base, url.database);
    this.#immediate = immediate;
  }

  select(table: string, { columns, where, order, limit }: Selection = {}): readonly Row[] {
    const found = this.#find(this.#table(table), where);
    const sorted =
      order === undefined ? found : found.toSorted((a, b) => compare(a[order] ?? null, b[order] ?? null));
    return sorted.slice(0, limit).map((row) => {
      if (columns === undefined) return { ...row };
      return Object.fromEntries(columns.map((name) => [name, valueAt(row, name)]));
    });
  }

  insert(table: string, row: RowInput): void {
    const wrong = this.#table(table).insert(plain(row));
    if (wrong !== undefined) throw this.#fault(`${table}: ${wrong}`);
    this.#written(table);
  }

  upsert(table: string, keys: readonly string[], row: RowInput): void {
    const where = keys.map((column): Condition => ({ column, is: '=', value: row[column] ?? null }));
    if (this.update(table, row, where) === 0) this.insert(table, row);
  }

  replace(_table: string, _row: RowInput): void {
    throw this.#fault('text files have no REPLACE');
  }

  update(name: string, changes: RowInput, where?: readonly Condition[]): number {
    const table = this.#table(name);
    const found = this.#find(table, where);
    const values = plain(changes);
    for (const row of found) table.change(row, values);
    if (found.length > 0) this.#written(name);
    return found.length;
  }

  delete(name: string, where?: readonly Condition[]): number {
    const table = this.#table(name);
    const found = new Set(this.#find(table, where));
    if (found.size === 0) return 0;
    table.rows = table.rows.filter((row) => !found.has(row));
    table.changed = true;
    this.#written(name);
    return found.size;
  }

  raw(_statement: string): RawResult {
    throw this.#fault('text files know no SQL');
  }

  columnsOf(name: string): readonly string[] | undefined {
    return this.#load(name)?.columns.map((it) => it.name);
  }

  create(name: string, layout: TableLayout): void {
    this.#tables.set(name, { table: TextTable.of(layout), modified: 0 });
    mkdirSync(this.folder, { recursive: true });
    this.#write(name);
  }

  together(job: () => MaybePromise<void>): MaybePromise<void> {
    return job();
  }

  /** Writes the tables that were changed. @throws ServerError STORE_UNAVAILABLE */
  flush(): void {
    for (const [name, { table }] of this.#tables) if (table.changed) this.#write(name);
  }

  /** Reads a table anew, or all. @throws ServerError STORE_UNAVAILABLE; the old ones stay then */
  reload(name?: string): void {
    const names = name === undefined ? [...this.#tables.keys()] : [name];
    const read = names.map((it) => [it, this.#read(it)] as const);
    const absent = read.find(([, loaded]) => loaded === undefined);
    if (absent) throw this.#fault(`there is no table ${absent[0]}`);
    for (const [it, loaded] of read) this.#tables.set(it, loaded!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.flush();
    this.#tables.clear();
  }

  #table(name: string): TextTable {
    const table = this.#load(name);
    if (table === undefined) throw this.#fault(`there is no table ${name}`);
    return table;
  }

  #load(name: string): TextTable | undefined {
    const known = this.#tables.get(name);
    if (known !== undefined && !(this.#immediate && this.#modified(name) !== known.modified))
      return known.table;
    const loaded = this.#read(name);
    if (loaded !== undefined) this.#tables.set(name, loaded);
    return loaded?.table;
  }

  #read(name: string): Loaded | undefined {
    const modified = this.#modified(name);
    if (modified === undefined) return undefined;
    let text: string;
    try {
      text = readFileSync(this.#path(name), 'latin1');
    } catch (error) {
      throw this.#fault((error as Error).message);
    }
    const table = TextTable.parse(text);
    if ('message' in table) throw this.#fault(`${this.#path(name)}:${table.line}: ${table.message}`);
    return { table, modified };
  }

  /** When the file was written, in ms; undefined where there is none. */
  #modified(name: string): number | undefined {
    return statSync(this.#path(name), { throwIfNoEntry: false })?.mtimeMs;
  }

  #path(name: string): string {
    if (!isIdentifier(name)) throw this.#fault(`${JSON.stringify(name)} is no name of a table`);
    return join(this.folder, name);
  }

  #written(name: string): void {
    if (this.#immediate) this.#write(name);
  }

  #write(name: string): void {
    const loaded = this.#tables.get(name)!;
    const path = this.#path(name);
    try {
      writeFileSync(`${path}.new`, loaded.table.print(), { encoding: 'latin1', mode: 0o600 });
      renameSync(`${path}.new`, path);
    } catch (error) {
      throw this.#fault((error as Error).message);
    }
    loaded.table.changed = false;
    loaded.modified = this.#modified(name) ?? 0;
  }

  #find(table: TextTable, where: readonly Condition[] = []): TextRow[] {
    for (const { is, column } of where) {
      if (!OPERATORS.has(is)) throw this.#fault(`text files know no operator ${is}`);
      if (!table.columns.some(({ name }) => name === column))
        throw this.#fault(`there is no column ${column}`);
    }
    const conditions = where.map((it) => ({ ...it, value: plainValue(it.value) }));
    return table.rows.filter((row) => conditions.every((it) => holds(row[it.column]!, it.is, it.value)));
  }

  #fault(message: string): ServerError {
    return new ServerError('STORE_UNAVAILABLE', `${this.url}: ${message}`);
  }
}

const OPERATORS: ReadonlySet<string> = new Set(['=', '!=', '<>', '<', '>', '<=', '>=']);

function holds(value: DbValue, is: string, wanted: DbValue): boolean {
  if (wanted === null)
    return is === '=' ? value === null : is === '!=' || is === '<>' ? value !== null : false;
  if (value === null) return false;
  const order = compare(value, wanted);
  switch (is) {
    case '=':
      return order === 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
    case '<=':
      return order <= 0;
    case '>=':
      return order >= 0;
    default:
      return order !== 0;
  }
}

function compare(a: DbValue, b: DbValue): number {
  if (typeof a === 'number') return a - Number(b ?? 0);
  const [x, y] = [String(a ?? ''), String(b ?? '')];
  return x < y ? -1 : x > y ? 1 : 0;
}

function valueAt(row: TextRow, name: string): DbValue {
  if (!(name in row)) throw new ServerError('STORE_UNAVAILABLE', `there is no column ${name}`);
  return row[name]!;
}

function plainValue(value: DbInput): DbValue {
  return value instanceof Date ? Math.floor(value.getTime() / 1000) : value;
}

function plain(row: RowInput): Record<string, DbValue> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plainValue(value)]));
}
