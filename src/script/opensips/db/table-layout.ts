import { ServerError } from '../../../base/errors.ts';
import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import { whenReady } from '../../../core/registrar/when-ready.ts';
import type { Database, DbValue } from './database.ts';

/** One column of a table as OpenSIPS's schema has it. */
export interface ColumnLayout {
  readonly name: string;
  /** `id` counts by itself and is the primary key. */
  readonly type: 'id' | 'text' | 'int' | 'float' | 'datetime';
  /** What stands there where nothing is written; undefined for a column that must be written. */
  readonly initial?: DbValue;
}

/** A table as OpenSIPS's schema has it. */
export interface TableLayout {
  /** As the schema names it; the script may name it otherwise. */
  readonly name: string;
  /** As the table `version` has it. */
  readonly version: number;
  readonly columns: readonly ColumnLayout[];
  /** Columns that are unique together. */
  readonly unique?: readonly (readonly string[])[];
}

/** `username 'text' ''`: a column in short. */
export function column(name: string, type: ColumnLayout['type'], initial?: DbValue): ColumnLayout {
  return initial === undefined ? { name, type } : { name, type, initial };
}

/** Identifiers that are written into statements. */
export function isIdentifier(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_$]*(?:\.[A-Za-z_][A-Za-z0-9_$]*)?$/.test(name);
}

/**
 * Sees that a table is there with the columns that are used. A table that is missing in a file is made by its layout; in
 * the database of a server nothing is made.
 * @param name as the script names the table
 * @param used the columns, as the script names them
 * @throws ServerError STORE_UNAVAILABLE, with a hint what to do
 */
export function requireTable(
  database: Database,
  layout: TableLayout,
  name: string = layout.name,
  used: readonly string[] = layout.columns.map((it) => it.name),
): MaybePromise<void> {
  const wrong = [name, ...used].find((it) => !isIdentifier(it));
  if (wrong !== undefined)
    throw new ServerError('CFG_INVALID', `${JSON.stringify(wrong)} is no name of a column`);
  return whenReady(database.columnsOf(name), (columns) => {
    if (columns === undefined) {
      if (database.create === undefined) throw missing(database, name, layout);
      database.create(name, layout);
      return whenReady(database.columnsOf(name), (made) => check(database, name, layout, made ?? [], used));
    }
    return check(database, name, layout, columns, used);
  });
}

function missing(database: Database, name: string, { version }: TableLayout): ServerError {
  return new ServerError('STORE_UNAVAILABLE', `${database.url}: there is no table ${name}`, {
    hint: `make it with OpenSIPS's schema (opensips-cli -x database create, table version ${version})`,
  });
}

function check(
  database: Database,
  name: string,
  { version }: TableLayout,
  columns: readonly string[],
  used: readonly string[],
): void {
  const lower = new Set(columns.map((it) => it.toLowerCase()));
  const absent = used.filter((it) => !lower.has(it.toLowerCase()));
  if (absent.length === 0) return;
  throw new ServerError(
    'STORE_UNAVAILABLE',
    `${database.url}: the table ${name} has no column ${absent.join(', ')}`,
    { hint: `it has ${columns.join(', ')}; OpenSIPS's table version is ${version}` },
  );
}
