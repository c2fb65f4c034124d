import type { Binding } from '../../../core/registrar/location-store.ts';
import type { BindingUpdate } from '../../../core/registrar/update-bindings.ts';
import { whenReady } from '../../../core/registrar/when-ready.ts';
import { dbUrlParameter } from '../db/db-url.ts';
import { optional, output, staticText, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, type Parameter, parsedParameter, textParameter } from '../frame/parameter.ts';
import { ANY } from '../frame/route-kind.ts';
import type { ModuleContext } from '../runtime/module-context.ts';
import { type UsrlocState, usrlocCommands } from './usrloc/commands.ts';
import { CONTACT_PARAMS, contactParams } from './usrloc/contact-answer.ts';
import type { LocationDomain } from './usrloc/location-domain.ts';
import { UserLocation, type WorkingMode } from './usrloc/user-location.ts';

const { fn, define } = moduleParts<UsrlocState>();

const PRESETS: Readonly<Record<string, WorkingMode>> = {
  'single-instance-no-db': 'no-db',
  'single-instance-sql-write-through': 'write-through',
  'single-instance-sql-write-back': 'write-back',
  'sql-only': 'sql-only',
};

const NO_CLUSTER = 'one node works for itself';

/** The functions whose first argument names a domain. */
const DOMAIN_FIRST = [
  ...['save', 'lookup', 'remove', 'is_registered', 'is_contact_registered', 'is_ip_registered'],
  ...['ul_add_key', 'ul_get_key', 'ul_del_key'],
];

function preset(): Parameter<WorkingMode | undefined> {
  return parsedParameter<WorkingMode | undefined>(
    undefined,
    `Where contacts are kept: ${Object.keys(PRESETS).join(', ')}.`,
    (given) => {
      const mode = PRESETS[String(given)];
      if (mode !== undefined) return { ok: true, value: mode };
      const cluster = String(given).includes('cluster');
      return {
        ok: false,
        problem: `${JSON.stringify(given)} is no working mode`,
        hint: cluster
          ? `${NO_CLUSTER}; write sql-only for several servers with one database`
          : `write one of ${Object.keys(PRESETS).join(', ')}`,
      };
    },
    'single-instance-no-db',
  );
}

/** Settings of older scripts, where no preset says it. */
function olderMode(persistency: string, write: string, cluster: string): WorkingMode {
  if (cluster === 'sql-only') return 'sql-only';
  if (persistency !== 'load-from-sql') return 'no-db';
  return write === 'write-through' ? 'write-through' : 'write-back';
}

/** `db_mode` of scripts before 3.0. */
const DB_MODES: readonly WorkingMode[] = ['no-db', 'write-through', 'write-back', 'sql-only'];

function olderDbMode(): Parameter<number> {
  const number = intParameter(-1, '0 no database, 1 write-through, 2 write-back, 3 the database alone.', {
    least: 0,
    most: 3,
  });
  return {
    ...number,
    shown: '',
    take: (before, given) => {
      const read = number.take(before, given);
      return read.ok ? { ...read, notice: 'an older setting: write working_mode_preset' } : read;
    },
  };
}

function raise(
  context: ModuleContext,
  state: { location?: UserLocation },
  domain: LocationDomain,
  aor: string,
  before: readonly Binding[],
  update: BindingUpdate,
): void {
  const { location } = state;
  if (location === undefined) return;
  const { listeners } = context.services.environment.network;
  const record = { domain: domain.name, aor };
  const tell = (event: string, bindings: readonly Binding[]) => {
    for (const it of bindings) context.raise(event, contactParams(domain, aor, it, { location, listeners }));
  };
  if (before.length === 0 && update.bindings.length > 0) context.raise('E_UL_AOR_INSERT', record);
  tell('E_UL_CONTACT_INSERT', update.added);
  tell('E_UL_CONTACT_UPDATE', update.refreshed);
  tell('E_UL_CONTACT_DELETE', [...update.removed, ...update.expired]);
  if (before.length > 0 && update.bindings.length === 0) context.raise('E_UL_AOR_DELETE', record);
}

/** Changes the keys of an address-of-record. @returns false where it has no contacts */
function changeKeys(
  state: UsrlocState,
  domainName: string,
  aor: string,
  change: (keys: Readonly<Record<string, string>>) => Readonly<Record<string, string>>,
) {
  return whenReady(state.location.domain(domainName), (domain) =>
    whenReady(
      domain.change(aor, (stored) => {
        const bindings = stored.map((it) =>
          it.notes === undefined ? it : { ...it, notes: { ...it.notes, keys: change(it.notes.keys ?? {}) } },
        );
        return { ok: true, bindings, added: [], refreshed: bindings, removed: [], expired: [] };
      }),
      (update) => update.ok && update.bindings.length > 0,
    ),
  );
}

export const module: ScriptModule = define({
  name: 'usrloc',
  sharedState: true,
  summary: 'Keeps the contacts that registrar saves, in memory and, where it is asked to, in a table.',
  params: {
    nat_bflag: textParameter(undefined, 'The branch flag of contacts behind a NAT.'),
    use_domain: intParameter(1, 'Whether the domain is part of an address-of-record.', { least: 0, most: 1 }),
    working_mode_preset: preset(),
    db_url: dbUrlParameter('Where the table is, for all modes but single-instance-no-db.'),
    timer_interval: intParameter(
      60,
      'Seconds between two times of writing changes and clearing what has lapsed.',
      {
        least: 1,
      },
    ),
    matching_mode: intParameter(0, '0: contacts are the same by their URI; 1: by URI and Call-ID.', {
      least: 0,
      most: 1,
    }),
    cseq_delay: intParameter(20, 'Seconds for which a REGISTER may come a second time.', { least: 0 }),
    desc_time_order: intParameter(0, '1: contacts are tried by time, the newest first, and not by q.'),
    mi_dump_kv_store: intParameter(0, '1: MI shows the keys of addresses-of-record.'),
    hash_size: intParameter(9, 'Shown by `usrloc:dump`.', { least: 0, most: 16 }),
    latency_event_min_us: intParameter(0, 'Pings that took less raise no E_UL_LATENCY_UPDATE; in µs.'),
    latency_event_min_us_delta: intParameter(0, 'Changes of the latency that are less raise none; in µs.'),
    contact_id_column: textParameter('contact_id', 'The column.'),
    user_column: textParameter('username', 'The column.'),
    domain_column: textParameter('domain', 'The column.'),
    contact_column: textParameter('contact', 'The column.'),
    expires_column: textParameter('expires', 'The column.'),
    q_column: textParameter('q', 'The column.'),
    callid_column: textParameter('callid', 'The column.'),
    cseq_column: textParameter('cseq', 'The column.'),
    methods_column: textParameter('methods', 'The column.'),
    flags_column: textParameter('flags', 'The column.'),
    cflags_column: textParameter('cflags', 'The column.'),
    user_agent_column: textParameter('user_agent', 'The column.'),
    received_column: textParameter('received', 'The column.'),
    socket_column: textParameter('socket', 'The column.'),
    path_column: textParameter('path', 'The column.'),
    sip_instance_column: textParameter('sip_instance', 'The column.'),
    kv_store_column: textParameter('kv_store', 'The column.'),
    attr_column: textParameter('attr', 'The column.'),
    restart_persistency: textParameter('none', '`load-from-sql`: contacts are kept in a table, too.'),
    sql_write_mode: textParameter('write-back', '`write-through` or `write-back`, with restart_persistency.'),
    cluster_mode: parsedParameter('none', '`none` or `sql-only`.', (given) =>
      given === 'none' || given === 'sql-only'
        ? { ok: true, value: String(given) }
        : { ok: false, problem: `there is no ${given}`, hint: `${NO_CLUSTER}: write "none" or "sql-only"` },
    ),
    db_mode: olderDbMode(),
    cachedb_url: ignored('text', 'A cluster’s store.', NO_CLUSTER),
    location_cluster: ignored('int', 'A cluster.', NO_CLUSTER),
    ha_cluster: ignored('int', 'A cluster.', NO_CLUSTER),
    ha_shtag: ignored('text', 'A cluster.', NO_CLUSTER),
    skip_replicated_db_ops: ignored('int', 'A cluster.', NO_CLUSTER),
    pinging_mode: ignored('text', 'Who pings in a cluster.', NO_CLUSTER),
    max_contact_delete: ignored('int', 'Deletions at once.', 'each is deleted by its id'),
    regen_broken_contactid: ignored('int', 'Ids of older tables.', 'ids need no hash size'),
    contact_refresh_timer: ignored('int', 'Push notifications.', 'there is no push: see registrar'),
  },
  start: async (params, context) => {
    const older = DB_MODES[params.db_mode];
    const { restart_persistency, sql_write_mode, cluster_mode } = params;
    const mode =
      params.working_mode_preset ?? older ?? olderMode(restart_persistency, sql_write_mode, cluster_mode);
    const { program } = context;
    const names = [
      ...DOMAIN_FIRST.flatMap((name) => program.constantsOf(name, 0)),
      ...program.constantsOf('remove_ip_port', 2),
    ];
    const holder: { location?: UserLocation } = {};
    const settings = {
      mode,
      url: params.db_url,
      useDomain: params.use_domain === 1,
      newestFirst: params.desc_time_order !== 0,
      matchCallId: params.matching_mode === 1,
      cseqDelayMs: params.cseq_delay * 1000,
      natFlag: params.nat_bflag,
      timerSeconds: params.timer_interval,
      latencyEventUs: params.latency_event_min_us,
      latencyDeltaUs: params.latency_event_min_us_delta,
      columns: {
        contact_id: params.contact_id_column,
        username: params.user_column,
        domain: params.domain_column,
        contact: params.contact_column,
        received: params.received_column,
        path: params.path_column,
        expires: params.expires_column,
        q: params.q_column,
        callid: params.callid_column,
        cseq: params.cseq_column,
        flags: params.flags_column,
        cflags: params.cflags_column,
        user_agent: params.user_agent_column,
        socket: params.socket_column,
        methods: params.methods_column,
        sip_instance: params.sip_instance_column,
        kv_store: params.kv_store_column,
        attr: params.attr_column,
      },
    };
    const location = await UserLocation.open(
      settings,
      new Set(names),
      context,
      (domain, aor, before, update) => raise(context, holder, domain, aor, before, update),
    );
    holder.location = location;
    context.every(params.timer_interval, () => {
      location.flush().catch((error: unknown) => context.log('error', `usrloc: ${String(error)}`));
    });
    return {
      location,
      context,
      withKeys: params.mi_dump_kv_store !== 0,
      hashSize: params.hash_size,
      *statistics() {
        for (const domain of location.domains) {
          const { name } = domain;
          const group = 'usrloc';
          yield { group, name: `${name}-users`, read: () => domain.counts.users };
          yield { group, name: `${name}-contacts`, read: () => domain.counts.contacts };
          const reset = () => {
            domain.expired = 0;
          };
          yield { group, name: `${name}-expires`, read: () => domain.expired, reset };
        }
      },
      [Symbol.asyncDispose]: () => location[Symbol.asyncDispose](),
    };
  },
  functions: {
    ul_add_key: fn({
      args: [staticText('domain'), text('aor'), text('key'), optional(text('value'))],
      routes: ANY,
      describe: 'Keeps a text with an address-of-record that has contacts; an empty one takes it away.',
      waits: true,
      run: (_m, state, domain, aor, key, value = '') =>
        changeKeys(state, domain, aor, ({ [key]: _, ...others }) =>
          value === '' ? others : { ...others, [key]: value },
        ),
    }),
    ul_get_key: fn({
      args: [staticText('domain'), text('aor'), text('key'), output('destination')],
      routes: ANY,
      describe: 'Reads such a text.',
      returns: '1: it is there; -1: it is not.',
      waits: true,
      run: (m, { location }, name, aor, key, destination) =>
        whenReady(location.domain(name), (domain) =>
          whenReady(domain.find(aor), ([first]) => {
            const value = first?.notes?.keys?.[key];
            return value !== undefined && destination.set(m, value);
          }),
        ),
    }),
    ul_del_key: fn({
      args: [staticText('domain'), text('aor'), text('key')],
      routes: ANY,
      describe: 'Takes such a text away.',
      waits: true,
      run: (_m, state, domain, aor, key) =>
        changeKeys(state, domain, aor, ({ [key]: _, ...others }) => others),
    }),
  },
  commands: usrlocCommands,
  statistics: {
    registered_users: {
      describe:
        'Addresses-of-record in memory, of all domains. There are `location-users`, `location-contacts` and `location-expires` for each domain besides.',
      read: ({ location }) => {
        let users = 0;
        for (const { counts } of location.domains) users += counts.users;
        return users;
      },
    },
  },
  events: {
    E_UL_AOR_INSERT: { describe: 'An address-of-record has its first contact.', params: ['domain', 'aor'] },
    E_UL_AOR_DELETE: { describe: 'An address-of-record has no contact any more.', params: ['domain', 'aor'] },
    E_UL_CONTACT_INSERT: { describe: 'A contact has come.', params: CONTACT_PARAMS },
    E_UL_CONTACT_UPDATE: { describe: 'A contact was written anew.', params: CONTACT_PARAMS },
    E_UL_CONTACT_DELETE: { describe: 'A contact has gone.', params: CONTACT_PARAMS },
    E_UL_LATENCY_UPDATE: { describe: 'A ping of a contact was answered.', params: CONTACT_PARAMS },
  },
  missing: {
    'usrloc:cluster_sync': NO_CLUSTER,
    E_UL_CONTACT_REFRESH: 'there are no push notifications',
  },
  notes:
    'Without a database contacts are in the store of the server itself (`store:` of its configuration), so that they outlive a restart, which OpenSIPS’s do not. Branch flags are kept by name.',
});
