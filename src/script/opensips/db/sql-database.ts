import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import { whenReady } from '../../../core/registrar/when-ready.ts';
import { fromByteString } from '../../../wire/sip/text.ts';
import type { Condition, Database, DbInput, DbValue, RawResult, Row, Selection } from './database.ts';
import type { DbUrl } from './db-url.ts';
import { type Dialect, type Sql, SqlText } from './sql-text.ts';

type RowInput = Readonly<Record<string, DbInput>>;

/** What came of a statement. */
export interface SqlOutcome {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly DbValue[])[];
  /** Rows that were changed. */
  readonly changes: number;
}

/** A database that speaks SQL, whatever carries it. */
export abstract class SqlDatabase implements Database {
  readonly url: DbUrl;
  readonly #sql: SqlText;

  constructor(url: DbUrl, dialect: Dialect) {
    this.url = url;
    this.#sql = new SqlText(dialect);
  }

  protected abstract execute(sql: Sql): MaybePromise<SqlOutcome>;
  abstract columnsOf(table: string): MaybePromise<readonly string[] | undefined>;
  abstract together(job: () => MaybePromise<void>): MaybePromise<void>;
  abstract [Symbol.asyncDispose](): Promise<void>;

  select(table: string, selection: Selection = {}): MaybePromise<readonly Row[]> {
    return whenReady(this.execute(this.#sql.select(table, selection)), ({ columns, rows }) =>
      rows.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]!]))),
    );
  }

  insert(table: string, row: RowInput): MaybePromise<void> {
    return this.#done(this.#sql.insert(table, row));
  }

  upsert(table: string, keys: readonly string[], row: RowInput): MaybePromise<void> {
    return this.#done(this.#sql.upsert(table, keys, row));
  }

  replace(table: string, row: RowInput): MaybePromise<void> {
    return this.#done(this.#sql.replace(table, row));
  }

  update(table: string, changes: RowInput, where?: readonly Condition[]): MaybePromise<number> {
    return whenReady(this.execute(this.#sql.update(table, changes, where)), (outcome) => outcome.changes);
  }

  delete(table: string, where?: readonly Condition[]): MaybePromise<number> {
    return whenReady(this.execute(this.#sql.delete(table, where)), (outcome) => outcome.changes);
  }

  raw(statement: string): MaybePromise<RawResult> {
    return this.execute({ text: fromByteString(statement), values: [] });
  }

  #done(sql: Sql): MaybePromise<void> {
    return whenReady(this.execute(sql), () => undefined);
  }
}
