import type { Pool } from 'pg';
import { ServerError } from '../../../base/errors.ts';
import { fromByteString, toByteString } from '../../../wire/sip/text.ts';
import type { DbInput, DbValue } from './database.ts';
import type { DbUrl } from './db-url.ts';
import type { SqlOutcome } from './sql-database.ts';
import {
  importClient,
  MOST_CONNECTIONS,
  MOST_WAITING,
  type ServerSettings,
  type SqlPool,
  SqlServer,
  serverError,
} from './sql-server.ts';
import { POSTGRES, type Sql, secondsOf, sqlTime } from './sql-text.ts';

const COLUMNS = `SELECT column_name FROM information_schema.columns
  WHERE table_schema = ANY (current_schemas(false)) AND table_name = $1 ORDER BY ordinal_position`;

/** int8, int2, int4, oid, float4, float8, numeric */
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 1700]);
/** date, timestamp, timestamptz */
const DATES: ReadonlySet<number> = new Set([1082, 1114, 1184]);
const BYTEA = 17;
const BOOL = 16;

/** @throws ServerError CFG_INVALID without the package pg, STORE_UNAVAILABLE where nobody answers */
export async function connectPostgres(
  url: DbUrl,
  settings: ServerSettings,
  tls: boolean,
): Promise<SqlServer> {
  const { default: pg } = await importClient('db_postgres', 'pg', () => import('pg'));
  const pool = new pg.Pool({
    host: url.socket ?? url.host,
    port: url.port ?? 5432,
    user: fromByteString(url.user),
    password: fromByteString(url.password),
    database: fromByteString(url.database),
    max: MOST_CONNECTIONS,
    connectionTimeoutMillis: settings.timeoutMs,
    query_timeout: settings.timeoutMs,
    ...(tls && { ssl: true }),
    types: { getTypeParser: () => (text: string | Buffer) => String(text) },
  });
  // Connections that idle and are lost are replaced when they are needed.
  pool.on('error', () => {});
  const client = new PostgresPool(pool);
  try {
    await client.execute({ text: 'SELECT 1', values: [] });
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw serverError(url, error);
  }
  return new SqlServer(url, POSTGRES, COLUMNS, client, settings);
}

class PostgresPool implements SqlPool {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async execute({ text, values }: Sql): Promise<SqlOutcome> {
    if (this.#pool.waitingCount >= MOST_WAITING) {
      throw new ServerError('STORE_UNAVAILABLE', 'too many statements wait for the database');
    }
    const result = await this.#pool.query<(string | null)[]>({
      text,
      values: values.map(bound),
      rowMode: 'array',
    });
    const types = result.fields.map(({ dataTypeID }) => dataTypeID);
    return {
      columns: result.fields.map(({ name }) => toByteString(name)),
      rows: result.rows.map((row) => row.map((value, i) => read(value, types[i]!))),
      changes: result.rowCount ?? 0,
    };
  }

  /** What the server itself says has five digits; 57P.. is its shutdown. */
  isLost(error: unknown): boolean {
    if (error instanceof ServerError) return false;
    const { code } = error as { readonly code?: string };
    return code === undefined || !/^[0-9A-Z]{5}$/.test(code) || code.startsWith('57P');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }
}

function bound(value: DbInput): string | number | null {
  if (value instanceof Date) return sqlTime(value);
  return typeof value === 'string' ? fromByteString(value) : value;
}

function read(value: string | null, type: number): DbValue {
  if (value === null) return null;
  if (NUMBERS.has(type)) return Number(value);
  if (DATES.has(type)) return secondsOf(value);
  if (type === BYTEA) return Buffer.from(value.replace(/^\\x/, ''), 'hex').toString('latin1');
  if (type === BOOL) return value === 't' ? 1 : 0;
  return toByteString(value);
}
