import { DbUrl } from '../../db/db-url.ts';
import { isIdentifier } from '../../db/table-layout.ts';
import type { Taken } from '../../frame/parameter.ts';

/** One `cache_table`. */
export interface CacheEntry {
  readonly id: string;
  readonly url: DbUrl | undefined;
  /** `local`, `local:group`: what comes before `://` of its `cachedb_url`. */
  readonly cache: string;
  readonly table: string;
  readonly key: string;
  readonly keyIsNumber: boolean;
  /** All of them where undefined. */
  readonly columns: readonly string[] | undefined;
  readonly onDemand: boolean;
  /** Seconds, for those on demand. */
  readonly expire: number;
}

const NAMES = ['id', 'db_url', 'cachedb_url', 'table', 'key', 'key_type', 'columns', 'on_demand', 'expire'];

/** `id=…`, `db_url=…` and the rest, with `delimiter` between them. */
export function readEntry(given: string, delimiter: string, columnsDelimiter: string): Taken<CacheEntry> {
  const parts = new Map<string, string>();
  for (const part of given.split(delimiter)) {
    if (part.trim() === '') continue;
    const equals = part.indexOf('=');
    const name = part.slice(0, Math.max(0, equals)).trim();
    if (!NAMES.includes(name)) {
      return {
        ok: false,
        problem: `${JSON.stringify(part.trim())} means nothing`,
        hint: `it has ${NAMES.join(', ')}`,
      };
    }
    parts.set(name, part.slice(equals + 1).trim());
  }
  const [id, table, key] = ['id', 'table', 'key'].map((name) => parts.get(name));
  if (id === undefined || table === undefined || key === undefined) {
    return { ok: false, problem: 'id, table and key must be given' };
  }
  const columns = parts
    .get('columns')
    ?.split(columnsDelimiter)
    .map((it) => it.trim())
    .filter((it) => it !== '');
  const wrong = [table, key, ...(columns ?? [])].find((it) => !isIdentifier(it));
  if (wrong !== undefined) return { ok: false, problem: `${wrong} is no name of a table or column` };
  const urlText = parts.get('db_url');
  const url = urlText === undefined ? undefined : DbUrl.parse(urlText);
  if (urlText !== undefined && url === undefined)
    return { ok: false, problem: `${urlText} is no database URL` };
  const cachedb = parts.get('cachedb_url') ?? 'local://';
  return {
    ok: true,
    value: {
      id,
      url,
      cache: cachedb.replace(/:\/\/.*$/, ''),
      table,
      key,
      keyIsNumber: parts.get('key_type') === 'int',
      columns,
      onDemand: parts.get('on_demand') === '1',
      expire: Number(parts.get('expire') ?? 3600) || 3600,
    },
  };
}
