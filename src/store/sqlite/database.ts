import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { ServerError } from '../../base/errors.ts';

export type Row = Record<string, SQLOutputValue>;

/** How long to wait for another process that is writing, in ms. */
const BUSY_MS = 2000;

/** What each version of the schema adds to the one before. Never changed once released, only added to. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE location (aor TEXT PRIMARY KEY, bindings TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE subscriber (
     user TEXT NOT NULL,
     realm TEXT NOT NULL,
     md5 TEXT NOT NULL,
     sha256 TEXT NOT NULL,
     sha512_256 TEXT NOT NULL,
     PRIMARY KEY (user, realm)
   ) WITHOUT ROWID;
   CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;`,
];

/**
 * The data file, and the only place that knows the driver. Its write-ahead log is handed to the operating system with
 * every commit, so that nothing committed is lost when the process is killed; `synchronous=NORMAL` leaves out only the
 * wait for the disk, so that a machine that loses power may lose the last moments, but never its consistency.
 */
export class Database implements AsyncDisposable {
  readonly path: string;
  readonly #driver: DatabaseSync;

  private constructor(path: string, driver: DatabaseSync) {
    this.path = path;
    this.#driver = driver;
  }

  /**
   * Opens the file, makes it where it is missing, and brings its schema up to date.
   * @param path of the file, or `:memory:`
   * @throws ServerError STORE_UNAVAILABLE where the file cannot be opened, is locked or is broken; STORE_NEWER where a
   *   newer version wrote it
   */
  static open(path: string): Database {
    let driver: DatabaseSync | undefined;
    try {
      if (path !== ':memory:') prepareFile(path);
      driver = new DatabaseSync(path, { timeout: BUSY_MS });
      driver.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
      migrate(path, driver);
      return new Database(path, driver);
    } catch (error) {
      driver?.close();
      throw storeError(path, error);
    }
  }

  /** @throws ServerError STORE_UNAVAILABLE */
  prepare(sql: string): Statement {
    return this.guard(() => new Statement(this, this.#driver.prepare(sql)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#driver.isOpen) this.#driver.close();
  }

  /** @internal turns the driver's errors into {@link ServerError} */
  guard<T>(job: () => T): T {
    try {
      return job();
    } catch (error) {
      throw storeError(this.path, error);
    }
  }
}

/** A prepared statement; every fault is a ServerError STORE_UNAVAILABLE. */
export class Statement {
  readonly #database: Database;
  readonly #statement: StatementSync;

  /** @internal made by {@link Database.prepare} */
  constructor(database: Database, statement: StatementSync) {
    this.#database = database;
    this.#statement = statement;
  }

  /** @returns how many rows were changed */
  run(...values: SQLInputValue[]): number {
    return this.#database.guard(() => Number(this.#statement.run(...values).changes));
  }

  get(...values: SQLInputValue[]): Row | undefined {
    return this.#database.guard(() => this.#statement.get(...values));
  }

  all(...values: SQLInputValue[]): Row[] {
    return this.#database.guard(() => this.#statement.all(...values));
  }

  /** As {@link all}, one after the other, for tables that are large. */
  *each(...values: SQLInputValue[]): Generator<Row> {
    const rows = this.#database.guard(() => this.#statement.iterate(...values));
    for (;;) {
      const { done, value } = this.#database.guard(() => rows.next());
      if (done === true) return;
      yield value;
    }
  }
}

/** Password hashes and keys are in the file: nobody else may read it. */
function prepareFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
}

function migrate(path: string, driver: DatabaseSync): void {
  driver.exec('BEGIN IMMEDIATE');
  const version = Number(driver.prepare('PRAGMA user_version').get()?.user_version);
  if (version > MIGRATIONS.length) {
    throw new ServerError(
      'STORE_NEWER',
      `${path}: the data has version ${version}, known is ${MIGRATIONS.length}`,
      {
        hint: 'run the version of Viaduct that wrote it, or a newer one',
      },
    );
  }
  for (const sql of MIGRATIONS.slice(version)) driver.exec(sql);
  driver.exec(`PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`);
}

/** SQLite's result codes, less their extended part. */
const HINTS: Readonly<Record<number, string>> = {
  5: 'another process holds it; stop that one, or give each server a data folder of its own',
  8: 'the file or its folder may not be written by this user',
  11: 'the file is damaged; put a backup in its place, or move it away to begin anew',
  13: 'the disk is full',
  14: 'see that the folder exists and may be written by this user',
  26: 'this is no data file of Viaduct; put a backup in its place, or move it away to begin anew',
};

function storeError(path: string, error: unknown): ServerError {
  if (error instanceof ServerError) return error;
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 14;
  const hint = HINTS[code];
  const message = error instanceof Error ? error.message : String(error);
  return new ServerError('STORE_UNAVAILABLE', `${path}: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}
