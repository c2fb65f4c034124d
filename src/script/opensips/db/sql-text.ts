import { ServerError } from '../../../base/errors.ts';
import type { Condition, DbInput, Selection } from './database.ts';
import { isIdentifier, type TableLayout } from './table-layout.ts';

/** How a database wants its SQL. */
export interface Dialect {
  /** Round identifiers. */
  readonly quote: '"' | '`';
  /** `?`, or `$1`, `$2` … */
  readonly numbered: boolean;
  readonly upsert: 'on conflict' | 'on duplicate key';
  readonly replace: boolean;
}

export const SQLITE: Dialect = { quote: '"', numbered: false, upsert: 'on conflict', replace: true };
export const MYSQL: Dialect = { quote: '`', numbered: false, upsert: 'on duplicate key', replace: true };
export const POSTGRES: Dialect = { quote: '"', numbered: true, upsert: 'on conflict', replace: false };

/** A statement and the values for its places. */
export interface Sql {
  readonly text: string;
  readonly values: readonly DbInput[];
}

type RowInput = Readonly<Record<string, DbInput>>;

/** Operators that a script may name; everything else would be SQL of strangers. */
const OPERATOR = /^(?:=|!=|<>|<|>|<=|>=|(?:not )?i?like|(?:not )?regexp|rlike|~\*?|!~\*?|glob)$/i;
/** What `sql_select` may ask for besides names of columns: `count(*)`, `max(id)`. */
const EXPRESSION = /^[\w$.*(), ]+$/;

function fault(message: string): ServerError {
  return new ServerError('STORE_UNAVAILABLE', message);
}

/** Writes statements in the dialect of one database. */
export class SqlText {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** @throws ServerError for what is no identifier */
  name(name: string): string {
    if (!isIdentifier(name)) throw fault(`${JSON.stringify(name)} is no name of a table or column`);
    const { quote } = this.#dialect;
    return name
      .split('.')
      .map((part) => `${quote}${part}${quote}`)
      .join('.');
  }

  select(table: string, { columns, where = [], order, limit }: Selection): Sql {
    const values: DbInput[] = [];
    const list = columns === undefined ? '*' : columns.map((it) => this.#expression(it)).join(', ');
    const tail = `${order === undefined ? '' : ` ORDER BY ${this.name(order)}`}${limit === undefined ? '' : ` LIMIT ${limit}`}`;
    return { text: `SELECT ${list} FROM ${this.name(table)}${this.#where(where, values)}${tail}`, values };
  }

  insert(table: string, row: RowInput, verb = 'INSERT'): Sql {
    const names = Object.keys(row);
    const values = Object.values(row);
    const columns = names.map((it) => this.name(it)).join(', ');
    const places = values.map((_, i) => this.#place(i)).join(', ');
    return { text: `${verb} INTO ${this.name(table)} (${columns}) VALUES (${places})`, values };
  }

  replace(table: string, row: RowInput): Sql {
    if (!this.#dialect.replace) throw fault('this database has no REPLACE');
    return this.insert(table, row, 'REPLACE');
  }

  upsert(table: string, keys: readonly string[], row: RowInput): Sql {
    const { text, values } = this.insert(table, row);
    const others = Object.keys(row).filter((it) => !keys.includes(it));
    const duplicate = this.#dialect.upsert === 'on duplicate key';
    const set = others.map((it) => {
      const name = this.name(it);
      return duplicate ? `${name} = VALUES(${name})` : `${name} = excluded.${name}`;
    });
    const clause = duplicate
      ? `ON DUPLICATE KEY UPDATE ${set.join(', ')}`
      : `ON CONFLICT (${keys.map((it) => this.name(it)).join(', ')}) DO UPDATE SET ${set.join(', ')}`;
    return { text: `${text} ${clause}`, values };
  }

  update(table: string, changes: RowInput, where: readonly Condition[] = []): Sql {
    const values = Object.values(changes);
    const set = Object.keys(changes).map((it, i) => `${this.name(it)} = ${this.#place(i)}`);
    return { text: `UPDATE ${this.name(table)} SET ${set.join(', ')}${this.#where(where, values)}`, values };
  }

  delete(table: string, where: readonly Condition[] = []): Sql {
    const values: DbInput[] = [];
    return { text: `DELETE FROM ${this.name(table)}${this.#where(where, values)}`, values };
  }

  #where(where: readonly Condition[], values: DbInput[]): string {
    if (where.length === 0) return '';
    const conditions = where.map(({ column, is, value }) => {
      const name = this.name(column);
      if (!OPERATOR.test(is)) throw fault(`${JSON.stringify(is)} is no operator`);
      if (value === null) {
        if (is === '=') return `${name} IS NULL`;
        if (is === '!=' || is === '<>') return `${name} IS NOT NULL`;
        throw fault(`NULL cannot be compared by ${is}`);
      }
      values.push(value);
      return `${name} ${is} ${this.#place(values.length - 1)}`;
    });
    return ` WHERE ${conditions.join(' AND ')}`;
  }

  #place(index: number): string {
    return this.#dialect.numbered ? `$${index + 1}` : '?';
  }

  #expression(text: string): string {
    if (isIdentifier(text)) return this.name(text);
    if (EXPRESSION.test(text)) return text;
    throw fault(`${JSON.stringify(text)} is no column`);
  }
}

const SQLITE_TYPES = {
  id: 'INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL',
  text: 'TEXT',
  int: 'INTEGER',
  float: 'FLOAT',
  datetime: 'DATETIME',
} as const;

/** The statements that make a table in a file of SQLite. */
export function sqliteSchema(name: string, layout: TableLayout): string {
  const sql = new SqlText(SQLITE);
  const lines = layout.columns.map((it) => {
    const type = SQLITE_TYPES[it.type];
    if (it.type === 'id') return `${sql.name(it.name)} ${type}`;
    const { initial } = it;
    if (initial === undefined) return `${sql.name(it.name)} ${type} NOT NULL`;
    if (initial === null) return `${sql.name(it.name)} ${type} DEFAULT NULL`;
    const text = typeof initial === 'number' ? String(initial) : `'${initial.replaceAll("'", "''")}'`;
    return `${sql.name(it.name)} ${type} DEFAULT ${text} NOT NULL`;
  });
  const unique = (layout.unique ?? []).map((it) => `UNIQUE (${it.map((each) => sql.name(each)).join(', ')})`);
  return `
    CREATE TABLE IF NOT EXISTS "version" (
      "table_name" CHAR(32) NOT NULL UNIQUE, "table_version" INTEGER DEFAULT 0 NOT NULL
    );
    CREATE TABLE ${sql.name(name)} (${[...lines, ...unique].join(', ')});
    INSERT OR REPLACE INTO "version" VALUES ('${name}', ${layout.version});`;
}

/** Local time as SQL writes it. */
export function sqlTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Seconds since 1970 of a local time as SQL writes it; the text itself where it is none. */
export function secondsOf(text: string): number | string {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d))?/.exec(text);
  if (!match) return text;
  const [year, month, day, hour, minute, second] = match.slice(1).map((it) => Number(it ?? 0));
  return Math.floor(new Date(year!, month! - 1, day, hour, minute, second).getTime() / 1000);
}
