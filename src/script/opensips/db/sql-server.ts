import { ServerError } from '../../../base/errors.ts';
import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { DbUrl } from './db-url.ts';
import { SqlDatabase, type SqlOutcome } from './sql-database.ts';
import type { Dialect, Sql } from './sql-text.ts';

/** How a module wants to use a server. */
export interface ServerSettings {
  /** How long to wait for a connection or an answer, in ms. */
  readonly timeoutMs: number;
  /** How often a statement is tried again when the connection was lost. */
  readonly retries: number;
  /** Monotonic, in ms. */
  readonly now: () => number;
  /** Hears how long each statement took, in ms. */
  readonly took: (sql: string, ms: number) => void;
  /** The server went away, or is there again. */
  readonly connection: (url: DbUrl, up: boolean) => void;
}

/** Connections of one process to one database. */
export const MOST_CONNECTIONS = 8;
/** Statements that wait for a connection; more are refused. */
export const MOST_WAITING = 10_000;

/** What carries SQL to a server. */
export interface SqlPool extends AsyncDisposable {
  /** @throws what the library throws */
  execute(sql: Sql): Promise<SqlOutcome>;
  /** Whether the fault lies in the connection and not in the statement. */
  isLost(error: unknown): boolean;
}

/** A database of a server. Its tables belong to whoever made it: nothing is created there. */
export class SqlServer extends SqlDatabase {
  readonly #pool: SqlPool;
  readonly #settings: ServerSettings;
  readonly #columns: string;
  #up = true;

  /** @param columns a query with one place, for the names of a table's columns in their order */
  constructor(url: DbUrl, dialect: Dialect, columns: string, pool: SqlPool, settings: ServerSettings) {
    super(url, dialect);
    this.#columns = columns;
    this.#pool = pool;
    this.#settings = settings;
  }

  async columnsOf(table: string): Promise<readonly string[] | undefined> {
    const { rows } = await this.execute({ text: this.#columns, values: [table] });
    return rows.length === 0 ? undefined : rows.map(([name]) => String(name));
  }

  together(job: () => MaybePromise<void>): MaybePromise<void> {
    return job();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }

  protected override async execute(sql: Sql): Promise<SqlOutcome> {
    const { now, took, retries } = this.#settings;
    const begun = now();
    for (let left = retries; ; left--) {
      try {
        const outcome = await this.#pool.execute(sql);
        this.#hear(true);
        took(sql.text, now() - begun);
        return outcome;
      } catch (error) {
        const lost = this.#pool.isLost(error);
        if (lost) this.#hear(false);
        if (!lost || left <= 0) throw serverError(this.url, error);
      }
    }
  }

  #hear(up: boolean): void {
    if (up === this.#up) return;
    this.#up = up;
    this.#settings.connection(this.url, up);
  }
}

export function serverError(url: DbUrl, error: unknown): ServerError {
  if (error instanceof ServerError) return error;
  // A server with several addresses gives an error that holds one for each, and no message.
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  const message = inner instanceof Error ? inner.message : String(inner);
  return new ServerError('STORE_UNAVAILABLE', `${url}: ${message}`, { cause: error });
}

/** @throws ServerError CFG_INVALID where the package of a client library is not installed */
export async function importClient<T>(module: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw new ServerError('CFG_INVALID', `${module} needs the package ${name}, which is not installed`, {
      hint: `npm install ${name}`,
      cause: error,
    });
  }
}
