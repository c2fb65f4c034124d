import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import { whenReady } from '../../../core/registrar/when-ready.ts';
import { escapeUser } from '../../../wire/sip/escape.ts';
import { Uri } from '../../../wire/sip/uri.ts';
import { addBranch } from '../core/branch-variables.ts';
import { attempt } from '../db/attempt.ts';
import { type Database, equal, textIn } from '../db/database.ts';
import { dbUrlParameter } from '../db/db-url.ts';
import { openDatabase } from '../db/open-database.ts';
import { column, requireTable, type TableLayout } from '../db/table-layout.ts';
import { letters, optional, output, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { intParameter, textParameter } from '../frame/parameter.ts';
import { BranchTarget } from '../runtime/branch-target.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';

interface State {
  readonly database: Database;
  /** Columns of the user, and of the alias. */
  readonly own: readonly [user: string, domain: string];
  readonly alias: readonly [user: string, domain: string];
  readonly domainPrefix: string;
  readonly appendBranches: boolean;
}

const { fn, define } = moduleParts<State>();

const FLAGS = { d: 'the domain does not count', r: 'the other way: from a user to its aliases' };

/** OpenSIPS's table `dbaliases`. */
const ALIASES: TableLayout = {
  name: 'dbaliases',
  version: 2,
  columns: [
    column('id', 'id'),
    column('alias_username', 'text', ''),
    column('alias_domain', 'text', ''),
    column('username', 'text', ''),
    column('domain', 'text', ''),
  ],
  unique: [['alias_username', 'alias_domain']],
};

/** The URIs that a URI stands for; empty where it is no alias, and where the database fails. */
function resolve(
  m: ScriptMessage,
  state: State,
  table: string,
  uriText: string,
  flags: string,
): MaybePromise<readonly string[]> {
  const uri = Uri.parse(uriText);
  if (uri?.user === undefined) return [];
  const { database, domainPrefix } = state;
  const reverse = flags.includes('r');
  const [from, to] = reverse ? [state.own, state.alias] : [state.alias, state.own];
  const { host } = uri;
  const domain =
    domainPrefix !== '' && host.startsWith(domainPrefix) ? host.slice(domainPrefix.length) : host;
  const where = { [from[0]]: uri.user, ...(!flags.includes('d') && { [from[1]]: domain }) };
  const job = (): MaybePromise<readonly string[]> =>
    whenReady(database.select(table, { columns: [...to], where: equal(where) }), (rows) =>
      rows.map((row) => `sip:${escapeUser(textIn(row, to[0]))}@${textIn(row, to[1])}`),
    );
  return attempt(m, 'alias_db', job, []);
}

export const module: ScriptModule = define({
  name: 'alias_db',
  summary: 'Finds the user behind an alias, by a table.',
  params: {
    db_url: dbUrlParameter('Where the table is.'),
    user_column: textParameter('username', 'The column.'),
    domain_column: textParameter('domain', 'The column.'),
    alias_user_column: textParameter('alias_username', 'The column.'),
    alias_domain_column: textParameter('alias_domain', 'The column.'),
    domain_prefix: textParameter('', 'Taken off the domain of an alias: `sip.`.'),
    append_branches: intParameter(0, '1: an alias of several users makes branches of them.', {
      least: 0,
      most: 1,
    }),
  },
  start: async (params, context) => {
    const { program } = context;
    const database = await openDatabase(context, 'alias_db', params.db_url);
    const own = [params.user_column, params.domain_column] as const;
    const alias = [params.alias_user_column, params.alias_domain_column] as const;
    const tables = [...program.constantsOf('alias_db_lookup', 0), ...program.constantsOf('alias_db_find', 0)];
    for (const table of new Set(tables)) await requireTable(database, ALIASES, table, [...own, ...alias]);
    return {
      database,
      own,
      alias,
      domainPrefix: params.domain_prefix,
      appendBranches: params.append_branches === 1,
    };
  },
  functions: {
    alias_db_lookup: fn({
      args: [text('table_name'), optional(letters('flags', FLAGS))],
      routes: ['request', 'failure'],
      describe: 'Puts the user behind an alias in place of the Request-URI.',
      returns: '1; -1: it is no alias.',
      waits: true,
      run: (m, state, table, flags) =>
        whenReady(resolve(m, state, table, m.target.uri, flags ?? ''), ([first, ...others]) => {
          if (first === undefined) return false;
          m.target.uri = first;
          if (state.appendBranches) for (const uri of others) addBranch(m, new BranchTarget(uri));
          return true;
        }),
    }),
    alias_db_find: fn({
      args: [text('table_name'), text('input_uri'), output('output_var'), optional(letters('flags', FLAGS))],
      routes: ['request', 'branch', 'local', 'startup', 'failure', 'onreply'],
      describe: 'Finds the user behind an alias, and changes nothing of the request.',
      returns: '1; -1: it is no alias.',
      waits: true,
      run: (m, state, table, uri, result, flags) =>
        whenReady(resolve(m, state, table, uri, flags ?? ''), ([first]) => {
          return first !== undefined && result.set(m, first);
        }),
    }),
  },
});
