import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { ServerError } from '../../../base/errors.ts';
import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import { fromByteString, toByteString } from '../../../wire/sip/text.ts';
import type { DbInput, DbValue } from './database.ts';
import type { DbUrl } from './db-url.ts';
import { SqlDatabase, type SqlOutcome } from './sql-database.ts';
import { SQLITE, type Sql, secondsOf, sqliteSchema, sqlTime } from './sql-text.ts';
import type { TableLayout } from './table-layout.ts';

export interface SqliteSettings {
  /** How long to wait for another process that is writing, in ms. */
  readonly busyMs: number;
  /** `name=value` */
  readonly pragmas: readonly string[];
  /** `path[;entry point]` */
  readonly extensions: readonly string[];
}

/** Statements that are kept prepared. */
const MOST_PREPARED = 200;

interface Prepared {
  readonly statement: StatementSync;
  readonly names: readonly string[];
  /** Which columns are dates. */
  readonly dates: readonly boolean[];
}

/** A file of SQLite. It answers at once. */
export class SqliteDatabase extends SqlDatabase {
  readonly #driver: DatabaseSync;
  readonly #prepared = new Map<string, Prepared>();

  private constructor(url: DbUrl, driver: DatabaseSync) {
    super(url, SQLITE);
    this.#driver = driver;
  }

  /** Opens the file; one that is not there is made. @throws ServerError STORE_UNAVAILABLE */
  static open(url: DbUrl, { busyMs, pragmas, extensions }: SqliteSettings): SqliteDatabase {
    let driver: DatabaseSync | undefined;
    try {
      const path = fromByteString(url.database);
      if (path !== ':memory:') prepareFile(path);
      driver = new DatabaseSync(path, {
        timeout: Math.max(0, busyMs),
        allowExtension: extensions.length > 0,
        // Scripts write strings in either kind of quotes.
        enableDoubleQuotedStringLiterals: true,
      });
      for (const pragma of pragmas) driver.exec(`PRAGMA ${pragma}`);
      for (const extension of extensions) {
        const [file = '', entry] = extension.split(';');
        driver.loadExtension(file, ...(entry === undefined ? [] : [entry]));
      }
      // A file that is no database shows itself only when it is read.
      driver.prepare('SELECT count(*) FROM sqlite_master').get();
      return new SqliteDatabase(url, driver);
    } catch (error) {
      driver?.close();
      throw storeError(url, error);
    }
  }

  columnsOf(table: string): readonly string[] | undefined {
    const { rows } = this.execute({ text: 'SELECT name FROM pragma_table_info(?)', values: [table] });
    return rows.length === 0 ? undefined : rows.map(([name]) => String(name));
  }

  create(name: string, layout: TableLayout): void {
    this.#guard(() => this.#driver.exec(sqliteSchema(name, layout)));
  }

  together(job: () => MaybePromise<void>): MaybePromise<void> {
    this.#guard(() => this.#driver.exec('BEGIN IMMEDIATE'));
    const end = (word: 'COMMIT' | 'ROLLBACK') => this.#guard(() => this.#driver.exec(word));
    try {
      // Work that waits would take other statements into its transaction: nothing here does.
      void job();
      end('COMMIT');
    } catch (error) {
      if (this.#driver.isTransaction) end('ROLLBACK');
      throw error;
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#prepared.clear();
    if (this.#driver.isOpen) this.#driver.close();
  }

  protected override execute(sql: Sql): SqlOutcome {
    return this.#guard(() => {
      const { statement, names, dates } = this.#prepare(sql.text);
      const values = sql.values.map(bound);
      if (names.length === 0) {
        return { columns: names, rows: [], changes: Number(statement.run(...values).changes) };
      }
      const found = statement.all(...values) as unknown as SQLOutputValue[][];
      const rows = found.map((row) => row.map((value, i) => read(value, dates[i] === true)));
      return { columns: names, rows, changes: 0 };
    });
  }

  #prepare(text: string): Prepared {
    const known = this.#prepared.get(text);
    if (known !== undefined) return known;
    const statement = this.#driver.prepare(text);
    statement.setReturnArrays(true);
    statement.setReadBigInts(true);
    const columns = statement.columns();
    const prepared = {
      statement,
      names: columns.map(({ name }) => toByteString(name)),
      dates: columns.map(({ type }) => type !== null && /^date/i.test(type)),
    };
    const [oldest] = this.#prepared.keys();
    if (this.#prepared.size >= MOST_PREPARED && oldest !== undefined) this.#prepared.delete(oldest);
    this.#prepared.set(text, prepared);
    return prepared;
  }

  #guard<T>(job: () => T): T {
    try {
      return job();
    } catch (error) {
      throw storeError(this.url, error);
    }
  }
}

/** Numbers without a fraction are integers to SQLite as well. */
function bound(value: DbInput): SQLInputValue {
  if (value instanceof Date) return sqlTime(value);
  if (typeof value === 'string') return fromByteString(value);
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
}

function read(value: SQLOutputValue, date: boolean): DbValue {
  if (value === null) return null;
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return Buffer.from(value).toString('latin1');
  return date ? secondsOf(value) : toByteString(value);
}

/** Password hashes are in such files: a new one is for nobody else to read. */
function prepareFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
}

function storeError(url: DbUrl, error: unknown): ServerError {
  if (error instanceof ServerError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ServerError('STORE_UNAVAILABLE', `${url}: ${message}`, { cause: error });
}
