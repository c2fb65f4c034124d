import { ServerError } from '../../../base/errors.ts';
import { openDatabase } from '../db/open-database.ts';
import { outputs, text } from '../frame/argument.ts';
import { CommandError } from '../frame/command.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, listParameter, textParameter } from '../frame/parameter.ts';
import { ANY } from '../frame/route-kind.ts';
import type { ModuleContext } from '../runtime/module-context.ts';
import { type CacheEntry, readEntry } from './sql_cacher/cache-entry.ts';
import { CachedTable } from './sql_cacher/cached-table.ts';
import { type ResultSettings, scriptValue } from './sqlops/results.ts';

interface State {
  readonly tables: ReadonlyMap<string, CachedTable>;
  readonly delimiter: string;
  readonly results: ResultSettings;
  readonly context: ModuleContext;
}

const { fn, variable, define } = moduleParts<State>();

/** @throws ServerError CFG_INVALID */
async function open(entry: CacheEntry, context: ModuleContext, expire: number): Promise<CachedTable> {
  const cache = context.program.cache(entry.cache);
  if (cache === undefined) {
    throw new ServerError('CFG_INVALID', `sql_cacher: there is no cache ${entry.cache}`, {
      hint: 'write loadmodule "cachedb_local.so" and cachedb_url=local://',
    });
  }
  const database = await openDatabase(context, 'sql_cacher', entry.url);
  const known = await database.columnsOf(entry.table);
  if (known === undefined) {
    throw new ServerError('STORE_UNAVAILABLE', `${database.url}: there is no table ${entry.table}`);
  }
  const columns = entry.columns ?? known.filter((name) => name !== entry.key);
  const wrong = [entry.key, ...columns].find((name) => !known.includes(name));
  if (wrong !== undefined) {
    throw new ServerError(
      'STORE_UNAVAILABLE',
      `${database.url}: the table ${entry.table} has no column ${wrong}`,
    );
  }
  const table = new CachedTable(entry, columns, { database, cache, expire });
  if (!entry.onDemand) await table.load();
  return table;
}

export const module: ScriptModule = define({
  name: 'sql_cacher',
  summary: 'Keeps rows of tables in a key-value store, for `$sql_cached_value(id:column:key)`.',
  params: {
    cache_table: listParameter(
      'A table: `id=…`, `db_url=…`, `cachedb_url=…`, `table=…`, `key=…`, `key_type=string|int`, `columns=…`, `on_demand=0|1`, `expire=…`, each on a line of its own.',
    ),
    spec_delimiter: textParameter('\n', 'Stands between the parts of `cache_table`.'),
    columns_delimiter: textParameter(' ', 'Stands between columns.'),
    pvar_delimiter: textParameter(':', 'Stands between id, column and key.'),
    full_caching_expire: intParameter(86_400, 'Seconds that rows of a table that is wholly kept live.', {
      least: 1,
    }),
    reload_interval: intParameter(60, 'Seconds before that when the table is read anew.', { least: 1 }),
    bigint_to_str: intParameter(0, '1: integers of more than 32 bits come as text.', { least: 0, most: 1 }),
    sql_fetch_nr_rows: ignored('int', 'Rows that are read at once.', 'the database hands all over'),
  },
  start: async (params, context) => {
    const tables = new Map<string, CachedTable>();
    for (const given of params.cache_table) {
      const read = readEntry(given, params.spec_delimiter, params.columns_delimiter);
      if (!read.ok) {
        const hint = read.hint === undefined ? {} : { hint: read.hint };
        throw new ServerError('CFG_INVALID', `sql_cacher: cache_table: ${read.problem}`, hint);
      }
      tables.set(read.value.id, await open(read.value, context, params.full_caching_expire));
    }
    const period = Math.max(1, params.full_caching_expire - params.reload_interval);
    context.every(period, () => {
      for (const table of tables.values()) {
        if (table.entry.onDemand) continue;
        table.load().catch((error: unknown) => context.log('error', `sql_cacher: ${String(error)}`));
      }
    });
    return {
      tables,
      delimiter: params.pvar_delimiter,
      results: { bigAsText: params.bigint_to_str === 1 },
      context,
    };
  },
  functions: {
    sql_cache_dump: fn({
      args: [
        text('caching_id'),
        text('columns', 'with commas between'),
        outputs('result_avps', undefined, ['avp']),
      ],
      routes: ANY,
      describe: 'Puts the columns of every row into AVPs; of tables that are wholly kept.',
      returns: 'How many rows there are; -1: there is no such table or column; -2: there are no rows.',
      waits: true,
      run: async (m, { tables, results }, id, columns, targets) => {
        const table = tables.get(id);
        const places = columns.split(',').map((name) => table?.columns.indexOf(name.trim()) ?? -1);
        if (table === undefined || places.includes(-1) || places.length !== targets.length) return -1;
        const rows = await table.rows();
        for (const row of rows.toReversed()) {
          for (const [i, place] of places.entries()) targets[i]!.set(m, scriptValue(row[place]!, results));
        }
        return rows.length === 0 ? -2 : rows.length;
      },
    }),
  },
  variables: {
    sql_cached_value: variable({
      describe:
        'A column of the row with a key: `id:column:key`. NULL too where a row that is read on demand has to be waited for.',
      inner: 'name',
      read: (_m, { tables, delimiter, results, context }, inner) => {
        const [id = '', column = '', ...key] = inner.split(delimiter);
        const table = tables.get(id);
        if (table === undefined) {
          context.log('error', `sql_cacher: there is no cache_table ${id}`);
          return null;
        }
        try {
          const value = table.value(column, key.join(delimiter));
          if (value instanceof Promise) {
            value.catch((error: unknown) => context.log('error', `sql_cacher: ${String(error)}`));
            return null;
          }
          if (value === undefined) context.log('error', `sql_cacher: ${id} has no column ${column}`);
          return scriptValue(value ?? null, results);
        } catch (error) {
          context.log('error', `sql_cacher: ${String(error)}`);
          return null;
        }
      },
    }),
  },
  commands: {
    'sql_cacher:reload': {
      describe: 'Reads a table anew, or one row of it.',
      params: ['id', 'key?'],
      aliases: ['sql_cacher_reload'],
      run: async ({ tables }, { id, key }) => {
        const table = tables.get(String(id));
        if (table === undefined) throw new CommandError(500, 'Entry not found');
        const found = await table.reload(key === undefined ? undefined : String(key));
        if (!found) throw new CommandError(500, 'SQL key not found');
        return 'OK';
      },
    },
  },
  notes:
    'A variable cannot wait: rows on demand come at once from db_sqlite and db_text; from a server the first reading gives NULL, and fetches the row for the next one.',
});
