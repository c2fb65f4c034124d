import type { DigestAlgorithm } from '../../../core/auth/subscriber-store.ts';
import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import { whenReady } from '../../../core/registrar/when-ready.ts';
import type { NameAddr } from '../../../wire/sip/name-addr.ts';
import { Uri } from '../../../wire/sip/uri.ts';
import { attempt } from '../db/attempt.ts';
import { type Database, equal, type Row, textIn } from '../db/database.ts';
import { dbUrlParameter } from '../db/db-url.ts';
import { openDatabase } from '../db/open-database.ts';
import { requireTable } from '../db/table-layout.ts';
import { output, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, parsedParameter, textParameter } from '../frame/parameter.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { ANSWERED, AUTHORIZED, type AuthKind, USED_CREDENTIALS, type Verifier } from './auth/verifier.ts';
import { type AuthState, module as auth } from './auth.ts';
import { type LoadedColumn, putColumns, readLoadedColumns } from './auth_db/load-credentials.ts';
import { SUBSCRIBER, URI_TABLE } from './auth_db/tables.ts';

interface State {
  readonly verifier: Verifier;
  readonly database: Database;
  readonly useDomain: boolean;
  readonly calculateHa1: boolean;
  readonly userColumn: string;
  readonly domainColumn: string;
  readonly secretColumns: Readonly<Record<DigestAlgorithm, string>>;
  readonly loaded: readonly LoadedColumn[];
  readonly uriUser: string;
  readonly uriDomain: string;
  readonly uriUriUser: string;
}

const { fn, define } = moduleParts<State>();

/** Codes of the checks. */
const BAD_URI = -1;
const NO_CREDENTIALS = -2;
const NO_USER = -4;
const NOT_THERE = -5;
const FAULT = -8;
const SPOOFED = -9;

const AUTHORIZE_CODES =
  '1: the credentials are right; -1: there is no such user; -2: the password is wrong; -3: the nonce is too old, or was used; -4: there are no credentials; 0: it was answered (400, or 500 where the database fails), and the script ends.';

/** What a call with a database that fails becomes: the fault is logged. */
function guarded(m: ScriptMessage, name: string, job: () => MaybePromise<number>): MaybePromise<number> {
  return attempt(m, name, job, FAULT);
}

function authorize(
  m: ScriptMessage,
  state: State,
  kind: AuthKind,
  realm: string,
  table: string,
): MaybePromise<number> {
  const { database, verifier, useDomain, userColumn, domainColumn, loaded } = state;
  let row: Row | undefined;
  const job = (): MaybePromise<number> =>
    whenReady(
      verifier.verify(m, kind, realm, ({ name, domain }, algorithm) => {
        const column = state.calculateHa1 ? state.secretColumns.MD5 : state.secretColumns[algorithm];
        const where = { [userColumn]: name, ...(useDomain && { [domainColumn]: domain }) };
        const columns = [...new Set([column, ...loaded.map((it) => it.column)])];
        return whenReady(database.select(table, { columns, where: equal(where), limit: 1 }), ([found]) => {
          if (found === undefined) return undefined;
          row = found;
          const secret = textIn(found, column);
          return state.calculateHa1 ? { password: secret } : { ha1: secret };
        });
      }),
      (code) => {
        if (code === AUTHORIZED && row !== undefined) putColumns(m, loaded, row);
        return code;
      },
    );
  return whenReady(attempt(m, `${kind}_authorize`, job, FAULT), (code) => {
    if (code !== FAULT) return code;
    m.program.reply(m.context, 500, 'Server Internal Error');
    return ANSWERED;
  });
}

function authorizeFunction(kind: AuthKind) {
  return fn({
    args: [text('realm', 'by default the domain of From, or of To in a REGISTER'), text('table')],
    routes: ['request'],
    describe: 'Whether the credentials of the request are those of a user in a table.',
    returns: AUTHORIZE_CODES,
    waits: true,
    run: (m, state, realm, table) => authorize(m, state, kind, realm, table),
  });
}

/** Whether the user of a URI may use the credentials that were found right. */
function mayUse(
  m: ScriptMessage,
  { database, uriUser, uriDomain, uriUriUser }: State,
  table: string,
  header: NameAddr | undefined,
): MaybePromise<number> {
  const used = m.context.get(USED_CREDENTIALS);
  if (used === undefined) return NO_CREDENTIALS;
  const user = header?.uri?.user;
  if (user === undefined || user === '') return NO_USER;
  return guarded(m, 'auth_db', () => {
    const where = equal({ [uriUser]: used.user, [uriDomain]: used.domain, [uriUriUser]: user });
    return whenReady(database.select(table, { columns: [uriUser], where, limit: 1 }), (rows) =>
      rows.length === 0 ? SPOOFED : 1,
    );
  });
}

export const module: ScriptModule = define({
  name: 'auth_db',
  summary: 'Finds the passwords of users in a table.',
  needs: ['auth'],
  params: {
    db_url: dbUrlParameter('Where the table is.'),
    calculate_ha1: intParameter(
      0,
      '1: `password_column` holds passwords; 0: it holds HA1, as do the columns of the other algorithms.',
      { least: 0, most: 1 },
    ),
    use_domain: intParameter(1, 'Whether users are looked up with their domain.', { least: 0, most: 1 }),
    load_credentials: parsedParameter<readonly LoadedColumn[]>(
      [],
      'Columns that become AVPs when somebody is authorized: `$avp(name)=column;column`.',
      readLoadedColumns,
    ),
    user_column: textParameter('username', 'The column.'),
    domain_column: textParameter('domain', 'The column.'),
    password_column: textParameter('ha1', 'The column with passwords, or with HA1 for MD5.'),
    hash_column_sha256: textParameter('ha1_sha256', 'The column with HA1 for SHA-256.'),
    hash_column_sha512t256: textParameter('ha1_sha512t256', 'The column with HA1 for SHA-512-256.'),
    uri_user_column: textParameter('username', 'The column of a table like `uri`.'),
    uri_domain_column: textParameter('domain', 'The column of a table like `uri`.'),
    uri_uriuser_column: textParameter('uri_user', 'The column of a table like `uri`.'),
    skip_version_check: ignored('int', 'Takes a table of another version.', 'columns count, and no versions'),
    password_column_2: ignored('text', 'HA1 of `user@domain`.', 'a username with a domain is taken apart'),
  },
  start: async (params, context) => {
    const { program } = context;
    const database = await openDatabase(context, 'auth_db', params.db_url);
    const { user_column, domain_column, password_column, use_domain, load_credentials } = params;
    const used = [
      user_column,
      password_column,
      ...(use_domain === 1 ? [domain_column] : []),
      ...load_credentials.map(({ column }) => column),
    ];
    const subscribers = ['www_authorize', 'proxy_authorize', 'db_does_uri_exist'].flatMap((name) =>
      program.constantsOf(name, 1),
    );
    for (const table of new Set(subscribers)) await requireTable(database, SUBSCRIBER, table, used);
    const uris = ['db_is_to_authorized', 'db_is_from_authorized', 'db_get_auth_id'].flatMap((name) =>
      program.constantsOf(name, 0),
    );
    const uriColumns = [params.uri_user_column, params.uri_domain_column, params.uri_uriuser_column];
    for (const table of new Set(uris)) await requireTable(database, URI_TABLE, table, uriColumns);
    return {
      verifier: context.stateOf<AuthState>(auth)!.verifier,
      database,
      useDomain: use_domain === 1,
      calculateHa1: params.calculate_ha1 === 1,
      userColumn: user_column,
      domainColumn: domain_column,
      secretColumns: {
        MD5: password_column,
        'SHA-256': params.hash_column_sha256,
        'SHA-512-256': params.hash_column_sha512t256,
      },
      loaded: load_credentials,
      uriUser: params.uri_user_column,
      uriDomain: params.uri_domain_column,
      uriUriUser: params.uri_uriuser_column,
    };
  },
  functions: {
    www_authorize: authorizeFunction('www'),
    proxy_authorize: authorizeFunction('proxy'),
    db_is_to_authorized: fn({
      args: [text('table')],
      routes: ['request'],
      describe: 'Whether the user of To may use the credentials that were found right.',
      returns:
        '1; -2: none were looked at; -4: To has no user; -8: the database fails; -9: the user may not.',
      waits: true,
      run: (m, state, table) => mayUse(m, state, table, m.context.request.to),
    }),
    db_is_from_authorized: fn({
      args: [text('table')],
      routes: ['request'],
      describe: 'Whether the user of From may use the credentials that were found right.',
      returns:
        '1; -2: none were looked at; -4: From has no user; -8: the database fails; -9: the user may not.',
      waits: true,
      run: (m, state, table) => mayUse(m, state, table, m.context.request.from),
    }),
    db_does_uri_exist: fn({
      args: [text('uri'), text('table')],
      routes: ['request'],
      describe: 'Whether a URI is that of a user in a table.',
      returns: '1; -1: it is no URI; -4: the database fails; -5: it is not.',
      waits: true,
      run: (m, { database, useDomain, userColumn, domainColumn }, text, table) => {
        const uri = Uri.parse(text);
        if (uri === undefined) return BAD_URI;
        const where = { [userColumn]: uri.user ?? '', ...(useDomain && { [domainColumn]: uri.host }) };
        const job = (): MaybePromise<number> =>
          whenReady(
            database.select(table, { columns: [userColumn], where: equal(where), limit: 1 }),
            (rows) => (rows.length === 0 ? NOT_THERE : 1),
          );
        return attempt(m, 'db_does_uri_exist', job, NO_USER);
      },
    }),
    db_get_auth_id: fn({
      args: [text('table'), text('uri'), output('auth'), output('realm')],
      routes: ['request', 'failure', 'local'],
      describe: 'Finds the credentials that the user of a URI has, in a table like `uri`.',
      returns: '1; -1: it is no URI with a user; -4: there is none; -8: the database fails.',
      waits: true,
      run: (m, { database, useDomain, uriUser, uriDomain, uriUriUser }, table, text, auth, realm) => {
        const uri = Uri.parse(text);
        if (uri?.user === undefined || uri.user === '') return BAD_URI;
        const where = { [uriUriUser]: uri.user, ...(useDomain && { [uriDomain]: uri.host }) };
        return guarded(m, 'db_get_auth_id', () =>
          whenReady(
            database.select(table, { columns: [uriUser, uriDomain], where: equal(where), limit: 1 }),
            ([row]) => {
              if (row === undefined) return NO_USER;
              return auth.set(m, textIn(row, uriUser)) && realm.set(m, textIn(row, uriDomain)) ? 1 : BAD_URI;
            },
          ),
        );
      },
    }),
  },
  notes:
    'A table that is missing in a file (db_sqlite, db_text) is made with OpenSIPS’s layout. HA1 of each algorithm is `H(username:realm:password)`.',
});
