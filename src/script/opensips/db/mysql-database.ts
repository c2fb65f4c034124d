import type { FieldPacket, Pool, QueryResult } from 'mysql2/promise';
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
import { MYSQL, type Sql, secondsOf, sqlTime } from './sql-text.ts';

const COLUMNS = `SELECT column_name FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position`;

/** Types of fields that are dates: TIMESTAMP, DATE, DATETIME. */
const DATES: ReadonlySet<number | undefined> = new Set([7, 10, 12]);
/** DECIMAL and NEWDECIMAL, which come as text. */
const DECIMALS: ReadonlySet<number | undefined> = new Set([0, 246]);

/** @throws ServerError CFG_INVALID without the package mysql2, STORE_UNAVAILABLE where nobody answers */
export async function connectMysql(url: DbUrl, settings: ServerSettings, tls: boolean): Promise<SqlServer> {
  const { createPool } = await importClient('db_mysql', 'mysql2', () => import('mysql2/promise'));
  const pool = createPool({
    ...(url.socket === undefined ? { host: url.host, port: url.port ?? 3306 } : { socketPath: url.socket }),
    user: fromByteString(url.user),
    password: fromByteString(url.password),
    database: fromByteString(url.database),
    charset: 'utf8mb4',
    connectionLimit: MOST_CONNECTIONS,
    queueLimit: MOST_WAITING,
    connectTimeout: settings.timeoutMs,
    dateStrings: true,
    supportBigNumbers: true,
    rowsAsArray: true,
    ...(tls && { ssl: {} }),
  });
  const client = new MysqlPool(pool, settings.timeoutMs);
  try {
    await client.execute({ text: 'SELECT 1', values: [] });
  } catch (error) {
    await client[Symbol.asyncDispose]();
    throw serverError(url, error);
  }
  return new SqlServer(url, MYSQL, COLUMNS, client, settings);
}

class MysqlPool implements SqlPool {
  readonly #pool: Pool;
  readonly #timeoutMs: number;

  constructor(pool: Pool, timeoutMs: number) {
    this.#pool = pool;
    this.#timeoutMs = timeoutMs;
  }

  async execute({ text, values }: Sql): Promise<SqlOutcome> {
    const [result, fields] = await this.#pool.query({
      sql: text,
      values: values.map(bound),
      timeout: this.#timeoutMs,
    });
    return outcomeOf(result, fields);
  }

  isLost(error: unknown): boolean {
    return (error as { readonly fatal?: boolean }).fatal === true || isSocketFault(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }
}

function isSocketFault(error: unknown): boolean {
  const { code = '' } = error as { readonly code?: string };
  return ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'PROTOCOL_CONNECTION_LOST'].includes(code);
}

function outcomeOf(result: QueryResult, fields: readonly FieldPacket[] | undefined): SqlOutcome {
  if (!Array.isArray(result)) return { columns: [], rows: [], changes: result.affectedRows };
  const types = (fields ?? []).map(({ columnType }) => columnType);
  const rows = (result as unknown[][]).map((row) => row.map((value, i) => read(value, types[i])));
  return { columns: (fields ?? []).map(({ name }) => toByteString(name)), rows, changes: 0 };
}

function bound(value: DbInput): string | number | null {
  if (value instanceof Date) return sqlTime(value);
  return typeof value === 'string' ? fromByteString(value) : value;
}

function read(value: unknown, type: number | undefined): DbValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return value;
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  const text = String(value);
  if (DATES.has(type)) return secondsOf(text);
  return DECIMALS.has(type) ? Number(text) : toByteString(text);
}
