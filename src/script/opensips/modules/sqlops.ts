import { ServerError } from '../../../base/errors.ts';
import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import { whenReady } from '../../../core/registrar/when-ready.ts';
import { attempt } from '../db/attempt.ts';
import type { Database, Selection } from '../db/database.ts';
import { DbUrl } from '../db/db-url.ts';
import { openDatabase } from '../db/open-database.ts';
import { requireTable } from '../db/table-layout.ts';
import { type Argument, asWritten, int, optional, outputs, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, type Parameter, parsedParameter, textParameter } from '../frame/parameter.ts';
import { ANY } from '../frame/route-kind.ts';
import type { VariableRef } from '../frame/variable.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { type Read, readColumns, readFilter, readRow } from './sqlops/json-arguments.ts';
import {
  load,
  PREFERENCES,
  type PreferenceSettings,
  readScheme,
  readSource,
  readWanted,
  remove,
  type Scheme,
  store,
} from './sqlops/preferences.ts';
import { FAULT, putRow, putRows, type ResultSettings } from './sqlops/results.ts';

interface State {
  /** By their numbers. */
  readonly databases: ReadonlyMap<number, Database>;
  readonly results: ResultSettings;
  readonly preferences: PreferenceSettings;
  readonly schemes: ReadonlyMap<string, Scheme>;
}

const { fn, define } = moduleParts<State>();

const dbId: Argument<number | undefined> = optional(int('db_id', { least: 0 }));
const avps: Argument<readonly VariableRef[] | undefined> = optional(
  outputs('res_col_avps', '`"$avp(a);$avp(b)"`', ['avp']),
);
const CODES = '1: done; -1: it failed; -2: nothing was found.';

/** `[number] url`, several times. */
function urls(): Parameter<ReadonlyMap<number, DbUrl>> {
  return parsedParameter<ReadonlyMap<number, DbUrl>>(
    new Map(),
    'A database, with a number before it where there are several: `1 sqlite:///path`. May be given several times.',
    (given, before) => {
      const match = /^\s*(?:(\d+)\s+)?(\S.*)$/.exec(String(given));
      const url = match ? DbUrl.parse(match[2]!) : undefined;
      if (url === undefined) {
        return {
          ok: false,
          problem: `${JSON.stringify(given)} is no database URL`,
          hint: 'write "sqlite:///path/to/file" or "1 mysql://user:password@host/database"',
        };
      }
      return { ok: true, value: new Map([...before, [Number(match![1] ?? 0), url]]) };
    },
  );
}

function schemes(): Parameter<ReadonlyMap<string, Scheme>> {
  return parsedParameter<ReadonlyMap<string, Scheme>>(
    new Map(),
    'Another table for `sql_avp_load`: `name:table=…;uuid_col=…;username_col=…;domain_col=…;value_col=…;value_type=…`. May be given several times.',
    (given, before) => {
      const read = readScheme(String(given));
      return typeof read === 'string'
        ? { ok: false, problem: read }
        : { ok: true, value: new Map([...before, read]) };
    },
  );
}

/** Does something with the database of that number. */
function using(
  m: ScriptMessage,
  { databases }: State,
  id: number | undefined,
  name: string,
  job: (database: Database) => MaybePromise<number | boolean>,
): MaybePromise<number | boolean> {
  const database = databases.get(id ?? 0);
  if (database === undefined) {
    m.program.log('error', `${name}: there is no database ${id ?? 0}`, m.message.callId);
    return FAULT;
  }
  return attempt<number | boolean>(m, name, () => job(database), FAULT);
}

/** @throws ServerError for what cannot be read, which {@link using} logs */
function must<T>(read: Read<T>): T {
  if (read.ok) return read.value;
  throw new ServerError('STORE_UNAVAILABLE', read.problem);
}

function selection(columns: string, filter: string, order: string | undefined): Selection {
  return {
    columns: must(readColumns(columns)),
    where: must(readFilter(filter)),
    ...(order !== undefined && order !== '' && { order }),
  };
}

function selecting(
  m: ScriptMessage,
  state: State,
  [columns, table, filter, order]: readonly (string | undefined)[],
  id: number | undefined,
  put: typeof putRows,
  targets: readonly VariableRef[] | undefined,
): MaybePromise<number | boolean> {
  return using(m, state, id, 'sql_select', (database) =>
    whenReady(database.select(table!, selection(columns ?? '', filter ?? '', order)), (rows) => {
      const names = Object.keys(rows[0] ?? { none: null });
      const values = rows.map((row) => names.map((name) => row[name]!));
      return put(m, { columns: names, rows: values }, targets, state.results);
    }),
  );
}

const SOURCE = asWritten('source', readSource, 'whose: `$ru`, `$avp(id)/uuid`, `$tu/username`');
const WANTED = asWritten(
  'name',
  readWanted,
  'which: `$avp(name)`, `*`, with `/table` or `/$scheme` behind it',
);
const COLUMNS = optional(text('columns', 'a JSON list: `["a","b"]`'));
const FILTER = optional(text('filter', 'a JSON list: `[{"a":"x"},{"b":{"!=":null}}]`'));
const VALUES = text('columns', 'a JSON list: `[{"a":"x"},{"b":1}]`');

export const module: ScriptModule = define({
  name: 'sqlops',
  summary: 'Statements of databases, and preferences of users, for scripts.',
  params: {
    db_url: urls(),
    db_scheme: schemes(),
    usr_table: textParameter('usr_preferences', 'The table of preferences.'),
    use_domain: intParameter(1, 'Whether preferences are by user and domain.', { least: 0, most: 1 }),
    uuid_column: textParameter('uuid', 'The column.'),
    username_column: textParameter('username', 'The column.'),
    domain_column: textParameter('domain', 'The column.'),
    attribute_column: textParameter('attribute', 'The column.'),
    value_column: textParameter('value', 'The column.'),
    type_column: textParameter('type', 'The column.'),
    bigint_to_str: intParameter(0, '1: integers of more than 32 bits come as text.', { least: 0, most: 1 }),
    ps_id_max_buf_len: ignored('int', 'Memory for prepared statements.', 'they are found by their text'),
  },
  start: async (params, context) => {
    const databases = new Map<number, Database>();
    for (const [id, url] of params.db_url) databases.set(id, await openDatabase(context, 'sqlops', url));
    // A script that loads the module and asks nothing needs no database.
    if (databases.size === 0 && context.program.dbDefaultUrl !== undefined) {
      databases.set(0, await openDatabase(context, 'sqlops', undefined));
    }
    const preferences = {
      table: params.usr_table,
      uuid: params.uuid_column,
      username: params.username_column,
      domain: params.domain_column,
      attribute: params.attribute_column,
      value: params.value_column,
      type: params.type_column,
      useDomain: params.use_domain === 1,
    };
    const { program } = context;
    const used = ['sql_avp_load', 'sql_avp_store', 'sql_avp_delete'].some(
      (name) => program.constantsOf(name, 1).length > 0 || program.constantsOf(name, 0).length > 0,
    );
    const first = databases.get(0);
    if (used && first !== undefined) {
      const { uuid, attribute, value, type, username, domain } = preferences;
      await requireTable(first, PREFERENCES, params.usr_table, [
        uuid,
        attribute,
        value,
        type,
        username,
        domain,
      ]);
    }
    return {
      databases,
      results: { bigAsText: params.bigint_to_str === 1 },
      preferences,
      schemes: params.db_scheme,
    };
  },
  functions: {
    sql_query: fn({
      args: [text('query'), avps, dbId],
      routes: ANY,
      describe:
        'Runs a statement; what it finds goes into AVPs, `$avp(1)`, `$avp(2)` … where none are named.',
      returns: CODES,
      waits: true,
      run: (m, state, query, targets, id) =>
        using(m, state, id, 'sql_query', (database) =>
          whenReady(database.raw(query), (result) => putRows(m, result, targets, state.results)),
        ),
    }),
    sql_query_one: fn({
      args: [text('query'), optional(outputs('res_col_vars', '`"$var(a);$var(b)"`')), dbId],
      routes: ANY,
      describe: 'Runs a statement; the first row that it finds goes into variables.',
      returns: CODES,
      waits: true,
      run: (m, state, query, targets, id) =>
        using(m, state, id, 'sql_query_one', (database) =>
          whenReady(database.raw(query), (result) => putRow(m, result, targets, state.results)),
        ),
    }),
    sql_select: fn({
      args: [COLUMNS, text('table'), FILTER, optional(text('order')), avps, dbId],
      routes: ANY,
      describe: 'Finds rows of a table; what it finds goes into AVPs.',
      returns: CODES,
      waits: true,
      run: (m, state, columns, table, filter, order, targets, id) =>
        selecting(m, state, [columns, table, filter, order], id, putRows, targets),
    }),
    sql_select_one: fn({
      args: [
        COLUMNS,
        text('table'),
        FILTER,
        optional(text('order')),
        optional(outputs('res_col_vars', '`"$var(a);$var(b)"`')),
        dbId,
      ],
      routes: ANY,
      describe: 'Finds the first row of a table that matches; it goes into variables.',
      returns: CODES,
      waits: true,
      run: (m, state, columns, table, filter, order, targets, id) =>
        selecting(m, state, [columns, table, filter, order], id, putRow, targets),
    }),
    sql_update: fn({
      args: [VALUES, text('table'), FILTER, dbId],
      routes: ANY,
      describe: 'Changes rows of a table.',
      returns: '1: done; -1: it failed.',
      waits: true,
      run: (m, state, columns, table, filter, id) =>
        using(m, state, id, 'sql_update', (database) => {
          const changed = database.update(table, must(readRow(columns)), must(readFilter(filter ?? '')));
          return whenReady(changed, () => true);
        }),
    }),
    sql_insert: fn({
      args: [text('table'), VALUES, dbId],
      routes: ANY,
      describe: 'Adds a row to a table.',
      returns: '1: done; -1: it failed.',
      waits: true,
      run: (m, state, table, columns, id) =>
        using(m, state, id, 'sql_insert', (database) =>
          whenReady(database.insert(table, must(readRow(columns))), () => true),
        ),
    }),
    sql_replace: fn({
      args: [text('table'), VALUES, dbId],
      routes: ANY,
      describe: 'Adds a row to a table, in place of one with the same keys; SQLite and MySQL have that.',
      returns: '1: done; -1: it failed.',
      waits: true,
      run: (m, state, table, columns, id) =>
        using(m, state, id, 'sql_replace', (database) =>
          whenReady(database.replace(table, must(readRow(columns))), () => true),
        ),
    }),
    sql_delete: fn({
      args: [text('table'), FILTER, dbId],
      routes: ANY,
      describe: 'Deletes rows of a table; all of them where no filter is given.',
      returns: '1: done; -1: it failed.',
      waits: true,
      run: (m, state, table, filter, id) =>
        using(m, state, id, 'sql_delete', (database) =>
          whenReady(database.delete(table, must(readFilter(filter ?? ''))), () => true),
        ),
    }),
    sql_avp_load: fn({
      args: [SOURCE, WANTED, dbId, optional(text('prefix'))],
      routes: ANY,
      describe: 'Puts preferences of somebody into AVPs.',
      returns: '1: there were some; -1: there were none, or it failed.',
      waits: true,
      run: (m, state, source, wanted, id, prefix) =>
        using(m, state, id, 'sql_avp_load', (database) => {
          const scheme = wanted.scheme === undefined ? undefined : state.schemes.get(wanted.scheme);
          if (wanted.scheme !== undefined && scheme === undefined) {
            throw new ServerError('STORE_UNAVAILABLE', `there is no db_scheme ${wanted.scheme}`);
          }
          return load(m, database, state.preferences, source, wanted, scheme, prefix ?? '');
        }),
    }),
    sql_avp_store: fn({
      args: [SOURCE, WANTED, dbId],
      routes: ANY,
      describe: 'Writes AVPs into the preferences of somebody.',
      returns: '1: there were some; -1: there were none, or it failed.',
      waits: true,
      run: (m, state, source, wanted, id) =>
        using(m, state, id, 'sql_avp_store', (database) =>
          store(m, database, state.preferences, source, wanted),
        ),
    }),
    sql_avp_delete: fn({
      args: [SOURCE, WANTED, dbId],
      routes: ANY,
      describe: 'Deletes preferences of somebody.',
      waits: true,
      run: (m, state, source, wanted, id) =>
        using(m, state, id, 'sql_avp_delete', (database) =>
          remove(m, database, state.preferences, source, wanted),
        ),
    }),
  },
  notes:
    'What comes from messages must not be written into statements as it is: `$(fU{escape.common})` makes it harmless, or `sql_select` and its like, which hand values over apart from the statement (their JSON wants quotes escaped, too).',
});
