import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { DbUrl } from './db-url.ts';
import type { TableLayout } from './table-layout.ts';

/** A value that was read: text is a byte string, a date is its seconds since 1970. */
export type DbValue = string | number | null;

/** A value to write, or to compare with. */
export type DbInput = DbValue | Date;

/** One row, by the names of its columns. */
export type Row = Readonly<Record<string, DbValue>>;

/** What a row must be like: all conditions of a list hold. `= null` and `!= null` ask whether there is a value. */
export interface Condition {
  readonly column: string;
  /** `=`, `!=`, `<`, `>`, `<=`, `>=`, or an operator that the database knows, as `like`. */
  readonly is: string;
  readonly value: DbInput;
}

/** What a statement in the words of the database gives. */
export interface RawResult {
  /** Empty where it is no query. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly DbValue[])[];
}

export interface Selection {
  /** All of them where left out. */
  readonly columns?: readonly string[] | undefined;
  readonly where?: readonly Condition[] | undefined;
  /** A column to sort by, the least first. */
  readonly order?: string | undefined;
  readonly limit?: number | undefined;
}

/** Tables behind a URL. Every fault is a ServerError STORE_UNAVAILABLE. */
export interface Database extends AsyncDisposable {
  readonly url: DbUrl;
  select(table: string, selection?: Selection): MaybePromise<readonly Row[]>;
  insert(table: string, row: Readonly<Record<string, DbInput>>): MaybePromise<void>;
  /** Writes a row in place of those that are the same in the columns `keys`, which are unique. */
  upsert(table: string, keys: readonly string[], row: Readonly<Record<string, DbInput>>): MaybePromise<void>;
  /** SQL's REPLACE, for databases that have it. */
  replace(table: string, row: Readonly<Record<string, DbInput>>): MaybePromise<void>;
  /** @returns how many rows were changed */
  update(
    table: string,
    changes: Readonly<Record<string, DbInput>>,
    where?: readonly Condition[],
  ): MaybePromise<number>;
  /** @returns how many rows were deleted */
  delete(table: string, where?: readonly Condition[]): MaybePromise<number>;
  /** A statement in the database's own words. */
  raw(statement: string): MaybePromise<RawResult>;
  /** Names of the columns of a table; undefined where there is no such table. */
  columnsOf(table: string): MaybePromise<readonly string[] | undefined>;
  /** Makes a table; absent where the database belongs to others, who do that themselves. */
  create?(name: string, layout: TableLayout): void;
  /** Does several things in one transaction where there are transactions. */
  together(job: () => MaybePromise<void>): MaybePromise<void>;
}

/** The state of a database module: it opens what its URLs name. */
export interface DatabaseDriver {
  /** One that belongs to who asks, and is disposed of by them. @throws ServerError STORE_UNAVAILABLE, CFG_INVALID */
  connect(url: DbUrl): MaybePromise<Database>;
  /** The one that all modules of the script share; it ends with the script. */
  shared(url: DbUrl): MaybePromise<Database>;
}

/** `column = value`, for each of them. */
export function equal(values: Readonly<Record<string, DbInput>>): Condition[] {
  return Object.entries(values).map(([column, value]) => ({ column, is: '=', value }));
}

/** As text; '' for nothing. */
export function textIn(row: Row, column: string): string {
  const value = row[column];
  return value === null || value === undefined ? '' : String(value);
}

/** As a number; 0 for nothing, and for what is none. */
export function numberIn(row: Row, column: string): number {
  const value = Number(row[column] ?? 0);
  return Number.isFinite(value) ? value : 0;
}
