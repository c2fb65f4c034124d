import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import { whenReady } from '../../../core/registrar/when-ready.ts';
import { attempt } from '../db/attempt.ts';
import { type Database, equal, numberIn, type Row, textIn } from '../db/database.ts';
import { dbUrlParameter } from '../db/db-url.ts';
import { openDatabase } from '../db/open-database.ts';
import { column, requireTable, type TableLayout } from '../db/table-layout.ts';
import { optional, output, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { intParameter, type Parameter, textParameter } from '../frame/parameter.ts';
import type { RouteKinds } from '../frame/route-kind.ts';
import type { VariableRef } from '../frame/variable.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';

interface Domain {
  /** Undefined where the table has none. */
  readonly attributes: string | undefined;
  readonly acceptsSubdomains: boolean;
}

interface State extends AsyncDisposable {
  readonly database: Database;
  readonly table: string;
  readonly columns: { readonly domain: string; readonly attributes: string; readonly subdomain: string };
  /** By their names in lower case; undefined where the database is asked each time. */
  cached: ReadonlyMap<string, Domain> | undefined;
}

const { fn, define } = moduleParts<State>();
const ASKING: RouteKinds = ['request', 'branch', 'failure', 'local'];

/** OpenSIPS's table `domain`. */
const DOMAIN: TableLayout = {
  name: 'domain',
  version: 4,
  columns: [
    column('id', 'id'),
    column('domain', 'text', ''),
    column('attrs', 'text', null),
    column('accept_subdomain', 'int', 0),
    column('last_modified', 'datetime', '1900-01-01 00:00:01'),
  ],
  unique: [['domain']],
};

function domainOf(row: Row, { columns }: State): Domain {
  const attributes = row[columns.attributes];
  return {
    attributes: attributes === null || attributes === undefined ? undefined : String(attributes),
    acceptsSubdomains: numberIn(row, columns.subdomain) !== 0,
  };
}

async function load(state: State): Promise<void> {
  const { domain, attributes, subdomain } = state.columns;
  const rows = await state.database.select(state.table, { columns: [domain, attributes, subdomain] });
  state.cached = new Map(rows.map((row) => [textIn(row, domain).toLowerCase(), domainOf(row, state)]));
}

function find(state: State, name: string): MaybePromise<Domain | undefined> {
  if (state.cached !== undefined) return state.cached.get(name);
  const { domain, attributes, subdomain } = state.columns;
  const columns = [domain, attributes, subdomain];
  const rows = state.database.select(state.table, { columns, where: equal({ [domain]: name }), limit: 1 });
  return whenReady(rows, ([row]) => row && domainOf(row, state));
}

/** The entry of a domain, or of one above it that takes its subdomains. */
function lookup(state: State, host: string): MaybePromise<Domain | undefined> {
  const from = (name: string): MaybePromise<Domain | undefined> =>
    whenReady(find(state, name), (found) => {
      if (found !== undefined && (name === host || found.acceptsSubdomains)) return found;
      const above = name.slice(name.indexOf('.') + 1);
      return above !== name && above.includes('.') ? from(above) : undefined;
    });
  return from(host);
}

function isLocal(
  m: ScriptMessage,
  state: State,
  host: string | undefined,
  attributes: VariableRef | undefined,
): MaybePromise<boolean> {
  if (host === undefined || host === '') return false;
  return attempt(
    m,
    'domain',
    (): MaybePromise<boolean> =>
      whenReady(lookup(state, host.toLowerCase()), (found) => {
        if (found === undefined) return false;
        if (attributes !== undefined && found.attributes !== undefined) attributes.set(m, found.attributes);
        return true;
      }),
    false,
  );
}

const attributes = optional(output('attrs_var', 'gets the attributes of the domain'));

function subdomainColumn(): Parameter<string> {
  return textParameter('accept_subdomain', 'The column.');
}

export const module: ScriptModule = define({
  name: 'domain',
  summary: 'Says which domains are local, by a table.',
  params: {
    db_url: dbUrlParameter('Where the table is.'),
    db_mode: intParameter(
      0,
      '1: the table is kept in memory, until `domain:reload`; 0: it is asked each time.',
      {
        least: 0,
        most: 1,
      },
    ),
    domain_table: textParameter('domain', 'The table.'),
    domain_col: textParameter('domain', 'The column.'),
    attrs_col: textParameter('attrs', 'The column.'),
    accept_subdomain_col: subdomainColumn(),
    subdomain_col: { ...subdomainColumn(), olderNameOf: 'accept_subdomain_col' },
  },
  start: async (params, context) => {
    const database = await openDatabase(context, 'domain', params.db_url);
    const columns = {
      domain: params.domain_col,
      attributes: params.attrs_col,
      subdomain: params.accept_subdomain_col,
    };
    await requireTable(database, DOMAIN, params.domain_table, Object.values(columns));
    const { advertise } = context.services;
    const state: State = {
      database,
      table: params.domain_table,
      columns,
      cached: undefined,
      [Symbol.asyncDispose]: async () => own[Symbol.dispose](),
    };
    if (params.db_mode === 1) await load(state);
    // Whoever waits for a database cannot be asked whether a host is this server.
    const own = advertise.addDomains((host) => {
      const found = state.cached === undefined ? undefined : lookup(state, host);
      return found !== undefined && !(found instanceof Promise);
    });
    return state;
  },
  functions: {
    is_from_local: fn({
      args: [attributes],
      routes: ASKING,
      describe: 'Whether the domain of From is local.',
      waits: true,
      run: (m, state, variable) => isLocal(m, state, m.context.request.from?.uri?.host, variable),
    }),
    is_uri_host_local: fn({
      args: [attributes],
      routes: ASKING,
      describe: 'Whether the domain of the Request-URI is local.',
      waits: true,
      run: (m, state, variable) => isLocal(m, state, m.target.parsed?.host, variable),
    }),
    is_domain_local: fn({
      args: [text('domain'), attributes],
      routes: ASKING,
      describe: 'Whether a domain is local.',
      waits: true,
      run: (m, state, name, variable) => isLocal(m, state, name, variable),
    }),
  },
  commands: {
    'domain:reload': {
      describe: 'Reads the table anew.',
      aliases: ['domain_reload'],
      run: async (state) => {
        if (state.cached !== undefined) await load(state);
        return 'OK';
      },
    },
    'domain:dump': {
      describe: 'Lists the domains that are kept in memory.',
      aliases: ['domain_dump'],
      run: ({ cached }) => ({
        Domains: [...(cached ?? [])].map(([name, { attributes: attrs }]) =>
          attrs === undefined ? { name } : { name, attributes: attrs },
        ),
      }),
    },
  },
  notes:
    'With `db_mode` 1 the domains count as this server for `is_myself` and the following of Routes, too.',
});
