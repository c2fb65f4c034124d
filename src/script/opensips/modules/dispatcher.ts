import { DbUrl, dbUrlParameter } from '../db/db-url.ts';
import { openDatabase } from '../db/open-database.ts';
import { int, letters, optional, output, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, listParameter, parsedParameter, textParameter } from '../frame/parameter.ts';
import { ANY, type RouteKinds } from '../frame/route-kind.ts';
import { avpName, isAmong, type Probe, replyCodes } from '../runtime/outer-destination.ts';
import { partitionLines, takeStandIns } from '../runtime/partition-line.ts';
import { globMatcher } from './cachedb_local/glob.ts';
import { dispatcherCommands } from './dispatcher/commands.ts';
import { type DispatcherRules, Partition } from './dispatcher/partition.ts';
import { asDomain, asNextHop, give, next, select } from './dispatcher/select.ts';
import { type DispatcherState, destinations, push, stateNamed } from './dispatcher/state.ts';

const { fn, define } = moduleParts<DispatcherState>();

const SELECTING: RouteKinds = ['request', 'branch', 'failure', 'local'];
const NO_CLUSTER = 'one node works for itself';
const NO_FREESWITCH = 'there is no event socket to FreeSWITCH: write weights into the table';

const FLAGS = {
  f: 'keeps the others for ds_next_dst',
  u: 'only the user of a URI counts',
  d: 'the last of the set is for when all others have failed',
  a: 'adds to those that were kept before',
  F: 'as f',
  U: 'as u',
  D: 'as d',
  A: 'as a',
};

export const module: ScriptModule = define({
  name: 'dispatcher',
  sharedState: true,
  summary:
    'Spreads requests over the destinations of a set: by hashes, in turn, by weight or load, with fail-over and probing.',
  params: {
    partition: listParameter('`name: db_url = …; table_name = …; attrs_avp = …`: another table.'),
    db_url: dbUrlParameter('Where the table is.'),
    table_name: textParameter('dispatcher', 'Name of the table.'),
    setid_col: textParameter('setid', 'A column.'),
    destination_col: textParameter('destination', 'A column.'),
    socket_col: textParameter('socket', 'A column.'),
    state_col: textParameter('state', 'A column.'),
    weight_col: textParameter('weight', 'A column.'),
    priority_col: textParameter('priority', 'A column.'),
    attrs_col: textParameter('attrs', 'A column.'),
    description_col: textParameter('description', 'A column.'),
    probe_mode_col: textParameter('probe_mode', 'A column.'),
    dst_avp: ignored('text', 'AVP of the other destinations.', 'they are kept with the request'),
    grp_avp: ignored('text', 'AVP of the set.', 'it is kept with the request'),
    cnt_avp: ignored('text', 'AVP of their number.', 'they are kept with the request'),
    sock_avp: ignored('text', 'AVP of their sockets.', 'they are kept with the request'),
    attrs_avp: textParameter(undefined, 'AVP that gets the attributes of the destination.'),
    script_attrs_avp: textParameter(undefined, 'AVP that gets what ds_push_script_attrs has given it.'),
    hash_pvar: textParameter(undefined, 'What algorithm 7 makes its hash of.'),
    setid_pvar: textParameter(undefined, 'AVP that gets the set that ds_is_in_list has found.'),
    pvar_algo_pattern: textParameter(
      undefined,
      'The load of a destination for algorithm 9: `%u` is its URI, `%i` its set.',
    ),
    ds_probing_threshold: intParameter(3, 'Failures in a row until a destination is left out.', { least: 1 }),
    ds_probing_threshhold: {
      ...intParameter(3, 'Older spelling.', { least: 1 }),
      olderNameOf: 'ds_probing_threshold',
    },
    ds_ping_method: textParameter('OPTIONS', 'The method of probes.'),
    ds_ping_from: textParameter('sip:dispatcher@localhost', 'The URI in their From.'),
    ds_ping_interval: intParameter(0, 'Seconds between two probes; 0: none.', { least: 0 }),
    ds_ping_maxfwd: ignored('int', 'Max-Forwards of probes.', 'it is 70'),
    ds_probing_mode: intParameter(0, '0: only destinations that are probing are asked; 1: all.', {
      least: 0,
      most: 1,
    }),
    options_reply_codes: textParameter(
      undefined,
      'Statuses besides 200 that tell that a destination is there.',
    ),
    ds_probing_sock: textParameter(undefined, 'The socket that probes leave by.'),
    ds_probing_list: parsedParameter<readonly number[]>(
      [],
      'Sets that are asked; all where none is named.',
      (given) => {
        const value = String(given).split(',').map(Number);
        return value.every(Number.isInteger)
          ? { ok: true, value }
          : { ok: false, problem: 'it is no list of numbers' };
      },
    ),
    ds_define_blacklist: ignored('text', 'A list of addresses not to send to.', 'there are no such lists'),
    persistent_state: intParameter(1, 'Whether the column `state` is read and written.', {
      least: 0,
      most: 1,
    }),
    fetch_freeswitch_stats: ignored('int', 'Weights by load.', NO_FREESWITCH),
    max_freeswitch_weight: ignored('int', 'Weights by load.', NO_FREESWITCH),
    cluster_id: ignored('int', 'Replication.', NO_CLUSTER),
    cluster_sharing_tag: ignored('text', 'Replication.', NO_CLUSTER),
    cluster_probing_mode: ignored('text', 'Replication.', NO_CLUSTER),
  },
  start: async (params, context) => {
    const probeSocket =
      params.ds_probing_sock === undefined ? undefined : context.program.socket(params.ds_probing_sock);
    const list = params.ds_probing_list;
    const rules: DispatcherRules = {
      columns: {
        setid: params.setid_col,
        destination: params.destination_col,
        socket: params.socket_col,
        state: params.state_col,
        probe_mode: params.probe_mode_col,
        weight: params.weight_col,
        priority: params.priority_col,
        attrs: params.attrs_col,
        description: params.description_col,
      },
      threshold: params.ds_probing_threshold,
      probeAll: params.ds_probing_mode === 1,
      probes: (set) => list.length === 0 || list.includes(set),
      isAlive: replyCodes(params.options_reply_codes),
    };
    const partitions = new Map<string, Partition>();
    const lines = partitionLines(params.partition, params.db_url !== undefined);
    for (const { name, params: own, is } of lines) {
      if (is !== undefined) continue;
      const url = own.get('db_url');
      const database = await openDatabase(
        context,
        'dispatcher',
        url === undefined ? params.db_url : DbUrl.parse(url),
      );
      const attrs = own.get('attrs_avp') ?? params.attrs_avp;
      const scriptAttrs = own.get('script_attrs') ?? own.get('script_attrs_avp') ?? params.script_attrs_avp;
      const probe: Probe = {
        method: own.get('ping_method') ?? params.ds_ping_method,
        from: own.get('ping_from') ?? params.ds_ping_from,
        socket: probeSocket,
      };
      const parts = {
        name,
        table: own.get('table_name') ?? params.table_name,
        attrsAvp: attrs && avpName(attrs),
        scriptAttrsAvp: scriptAttrs && avpName(scriptAttrs),
        keepsState: (own.get('persistent_state') ?? String(params.persistent_state)) !== '0',
        probe,
      };
      const partition = new Partition(parts, context, database, rules);
      await partition.load(false);
      partitions.set(name, partition);
    }
    takeStandIns(partitions, lines);
    const all = () => new Set(partitions.values());
    const told = (fault: unknown) =>
      context.log('error', `dispatcher: ${fault instanceof Error ? fault.message : String(fault)}`);
    const flush = async () => {
      for (const it of all()) await it.flush().catch(told);
    };
    if (params.ds_ping_interval > 0) {
      context.every(params.ds_ping_interval, () => {
        for (const it of all())
          void it
            .probe()
            .then(() => it.flush())
            .catch(told);
      });
    }
    context.every(30, () => void flush());
    return {
      partitions,
      context,
      hashFormat: params.hash_pvar,
      loadFormat: params.pvar_algo_pattern,
      setidVariable: params.setid_pvar && avpName(params.setid_pvar),
      [Symbol.asyncDispose]: flush,
    };
  },
  functions: {
    ds_select_dst: fn({
      args: [
        int('set'),
        int('alg'),
        optional(letters('flags', FLAGS)),
        optional(text('partition')),
        optional(int('max_res', { least: 1 })),
      ],
      routes: SELECTING,
      describe:
        'Chooses a destination of a set, which becomes the next hop. Algorithms: 0 Call-ID, 1 From, 2 To, 3 Request-URI, 4 in turn by weight, 5 user of the credentials, 6 at random, 7 hash_pvar, 8 the first, 9 the least load by pvar_algo_pattern.',
      returns: '1; -1: there is no such set, or none of it is active.',
      run: (m, state, ...args) => select(m, state, asNextHop, args),
    }),
    ds_select_domain: fn({
      args: [
        int('set'),
        int('alg'),
        optional(letters('flags', FLAGS)),
        optional(text('partition')),
        optional(int('max_res', { least: 1 })),
      ],
      routes: SELECTING,
      describe: 'As ds_select_dst; host and port go into the Request-URI.',
      run: (m, state, ...args) => select(m, state, asDomain, args),
    }),
    ds_next_dst: fn({
      args: [optional(text('partition'))],
      routes: ['request', 'failure'],
      describe: 'Takes the next of the destinations that the flag f has kept.',
      returns: '1; -1: there is none left.',
      run: (m, state, name) => next(m, state, asNextHop, name),
    }),
    ds_next_domain: fn({
      args: [optional(text('partition'))],
      routes: ['request', 'failure'],
      describe: 'As ds_next_dst, for the Request-URI.',
      run: (m, state, name) => next(m, state, asDomain, name),
    }),
    ds_mark_dst: fn({
      args: [optional(text('state')), optional(text('partition'))],
      routes: ['request', 'failure'],
      describe:
        'Gives the destination that was used last another state: `i` inactive, `a` active, `p` probing after as many calls as the threshold says.',
      run: (m, { partitions }, letter, name) => {
        const partition = partitions.get(name ?? 'default');
        const attempt = partition && m.context.get(partition.attempt);
        const state = stateNamed(letter ?? '');
        if (attempt === undefined || state === undefined) return false;
        partition!.mark(attempt.set, attempt.current, state, 'ds_mark_dst');
        return true;
      },
    }),
    ds_count: fn({
      args: [int('set'), text('state_filter'), output('res_var'), optional(text('partition'))],
      routes: ['request', 'failure', 'branch', 'local', 'timer', 'event'],
      describe: 'Counts the destinations of a set that are in one of the states: `a`, `i`, `p`.',
      run: (m, { partitions }, set, filter, result, name) => {
        const found = partitions.get(name ?? 'default')?.sets.get(set);
        if (found === undefined) return false;
        const wanted = [...filter].map(stateNamed);
        return result.set(m, found.destinations.filter(({ state }) => wanted.includes(state)).length);
      },
    }),
    ds_is_in_list: fn({
      args: [
        text('ip'),
        int('port', { least: 0, most: 65_535 }),
        optional(int('set')),
        optional(text('partition')),
        optional(int('active_only')),
        optional(text('pattern')),
      ],
      routes: ['request', 'failure', 'onreply', 'branch', 'local'],
      describe: 'Whether an address is that of a destination, of one set or of any. Port 0 means any.',
      run: (m, { partitions, setidVariable }, ip, port, set, name, activeOnly, pattern) => {
        const partition = partitions.get(name ?? 'default');
        if (partition === undefined) return false;
        const matches = pattern === undefined ? undefined : globMatcher(pattern);
        for (const [{ id }, it] of destinations(partition, set)) {
          if (!isAmong(it.addresses, ip, port) || (activeOnly && it.state !== 'active')) continue;
          if (matches !== undefined && !matches(it.attrs ?? '')) continue;
          if (setidVariable !== undefined) m.avps.replace(setidVariable, id);
          if (partition.parts.attrsAvp !== undefined) give(m, partition.parts.attrsAvp, it.attrs);
          return true;
        }
        return false;
      },
    }),
    ds_push_script_attrs: fn({
      args: [
        text('script_attrs'),
        text('ip'),
        int('port'),
        optional(int('set')),
        optional(text('partition')),
      ],
      routes: ANY,
      describe: 'Gives a destination attributes of the script’s own.',
      run: (_m, state, attrs, ip, port, set, name) =>
        push(state.partitions.get(name ?? 'default'), attrs, ip, port, set),
    }),
    ds_get_script_attrs: fn({
      args: [text('uri'), int('set'), optional(text('partition')), output('out_attrs')],
      routes: ANY,
      describe: 'Gives what ds_push_script_attrs has given to a destination.',
      run: (m, { partitions }, uri, set, name, result) => {
        const found = partitions
          .get(name ?? 'default')
          ?.sets.get(set)
          ?.destinations.find((it) => it.uri === uri);
        return found?.scriptAttrs !== undefined && result.set(m, found.scriptAttrs);
      },
    }),
  },
  commands: dispatcherCommands,
  events: {
    E_DISPATCHER_STATUS: {
      describe: 'A destination is active again, or no longer.',
      params: ['partition', 'group', 'address', 'status', 'reason'],
    },
  },
  missing: { algo_route: 'algorithm 10: give each destination a load, as by $stat(…), and use algorithm 9' },
});
