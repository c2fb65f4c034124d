import { canonicalHost } from '../../../base/ip.ts';
import { Uri } from '../../../wire/sip/uri.ts';
import { textIn } from '../db/database.ts';
import { DbUrl, dbUrlParameter } from '../db/db-url.ts';
import { openDatabase } from '../db/open-database.ts';
import { int, letters, optional, output, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, textParameter } from '../frame/parameter.ts';
import { ANY, type RouteKinds } from '../frame/route-kind.ts';
import { avpName, isAmong, replyCodes } from '../runtime/outer-destination.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { routingCommands } from './drouting/commands.ts';
import { RoutingPartition, type TableNames } from './drouting/partition.ts';
import {
  type AttributeOutputs,
  begin,
  doRouting,
  found,
  next,
  partitionsNamed,
  type RoutingState,
} from './drouting/route.ts';
import type { Hop } from './drouting/routing-table.ts';

const { fn, define } = moduleParts<RoutingState>();

const NEXT: RouteKinds = ['request', 'failure', 'local', 'branch'];
const NO_CLUSTER = 'one node works for itself';
const FLAGS = {
  F: 'other rules follow, of lower priority or with shorter prefixes',
  L: 'the whole number must fit',
  C: 'only looks',
};
const FOUND_FLAGS = {
  s: 'takes off what the gateway wants off',
  p: 'puts the prefix of the gateway in front',
  i: 'tells the id of the gateway',
  n: 'any port will do',
  c: 'tells the id of its carrier',
  r: 'the transport counts, which it does not here',
};

const partition = optional(text('partition', '`*` for all'));
const gatewayAttrs = optional(output('gw_attrs'));
const carrierAttrs = optional(output('carrier_attrs'));

/** Whether an address is that of a gateway of a type; then what the flags say is done. */
function isGateway(
  m: ScriptMessage,
  state: RoutingState,
  address: string,
  port: number,
  [type, flags, gateway, carrier, name]: readonly [
    number | undefined,
    string | undefined,
    AttributeOutputs['gateway'],
    AttributeOutputs['carrier'],
    string | undefined,
  ],
): boolean {
  const anyPort = flags?.includes('n') === true;
  for (const { table } of partitionsNamed(state, name)) {
    for (const it of table.gateways.values()) {
      if (type !== undefined && type !== -1 && it.type !== type) continue;
      if (!isAmong(it.addresses, address, anyPort ? 0 : port)) continue;
      found(m, state, it, table.carrierOf(it), flags ?? '', { gateway, carrier });
      return true;
    }
  }
  return false;
}

function hostAndPort(text: string | null | undefined): readonly [string, number] {
  const uri = text ? Uri.parse(text) : undefined;
  return [canonicalHost(uri?.host ?? ''), uri?.port ?? (uri?.param('transport') === 'tls' ? 5061 : 5060)];
}

const ids = (list: string) =>
  list
    .split(',')
    .map((it) => it.trim())
    .filter((it) => it !== '');

export const module: ScriptModule = define({
  name: 'drouting',
  sharedState: true,
  summary:
    'Routes calls by prefix, group, time and priority to gateways and carriers of OpenSIPS’s tables, with fail-over.',
  params: {
    use_partitions: intParameter(0, '1: there are several sets of tables.', { least: 0, most: 1 }),
    db_partitions_url: dbUrlParameter('Where the table of partitions is.'),
    db_partitions_table: textParameter('dr_partitions', 'Name of that table.'),
    db_url: dbUrlParameter('Where the tables are.'),
    drd_table: textParameter('dr_gateways', 'The gateways.'),
    drr_table: textParameter('dr_rules', 'The rules.'),
    drg_table: textParameter('dr_groups', 'The groups of users; read at the start, as the others are.'),
    drc_table: textParameter('dr_carriers', 'The carriers.'),
    use_domain: intParameter(1, 'Whether groups are of users of a domain.'),
    drg_user_col: textParameter('username', 'A column.'),
    drg_domain_col: textParameter('domain', 'A column.'),
    drg_grpid_col: textParameter('groupid', 'A column.'),
    ruri_avp: ignored('text', 'AVP of the other gateways.', 'they are kept with the request'),
    gw_sock_avp: ignored('text', 'AVP of their sockets.', 'they are kept with the request'),
    gw_id_avp: textParameter(undefined, 'AVP that gets the id of the gateway.'),
    gw_priprefix_avp: textParameter(undefined, 'AVP that gets its prefix.'),
    rule_id_avp: textParameter(undefined, 'AVP that gets the id of the rule.'),
    rule_prefix_avp: textParameter(undefined, 'AVP that gets the prefix of the rule.'),
    carrier_id_avp: textParameter(undefined, 'AVP that gets the id of the carrier.'),
    force_dns: ignored('int', 'Looks names up at the start.', 'they always are'),
    default_group: intParameter(-1, 'The group of who has none; -1: such calls are not routed.'),
    define_blacklist: ignored('text', 'A list of addresses not to send to.', 'there are no such lists'),
    probing_interval: intParameter(30, 'Seconds between two probes; 0: none.', { least: 0 }),
    probing_method: textParameter('OPTIONS', 'The method of probes.'),
    probing_from: textParameter('sip:prober@localhost', 'The URI in their From.'),
    probing_socket: textParameter(undefined, 'The socket that they leave by.'),
    probing_reply_codes: textParameter(undefined, 'Statuses besides 200 that tell that a gateway is there.'),
    persistent_state: intParameter(1, 'Whether the columns `state` are read and written.', {
      least: 0,
      most: 1,
    }),
    no_concurrent_reload: ignored('int', 'One reading at a time.', 'a reading takes effect as a whole'),
    cluster_id: ignored('int', 'Replication.', NO_CLUSTER),
    cluster_sharing_tag: ignored('text', 'Replication.', NO_CLUSTER),
    cluster_probing_mode: ignored('text', 'Replication.', NO_CLUSTER),
    enable_restart_persistency: ignored('int', 'Keeps the tables in a file.', 'they are read at each start'),
    extra_prefix_chars: ignored(
      'text',
      'Characters that prefixes may have besides digits.',
      'they may have any',
    ),
    extra_id_chars: ignored('text', 'Characters that ids may have.', 'they may have any but , ; = #'),
    gw_socket_filter_mode: ignored(
      'text',
      'Leaves gateways out whose sockets are not there.',
      'they are used from any socket',
    ),
    generate_data_checksum: ignored('int', 'Prints a sum of the tables.', 'there is none'),
  },
  start: async (params, context) => {
    const standard: TableNames = {
      gateways: params.drd_table,
      rules: params.drr_table,
      carriers: params.drc_table,
      groups: params.drg_table,
      user: params.drg_user_col,
      domain: params.drg_domain_col,
      group: params.drg_grpid_col,
    };
    const partitions = new Map<string, RoutingPartition>();
    const add = async (name: string, url: DbUrl | undefined, names: TableNames) => {
      const database = await openDatabase(context, 'drouting', url);
      const made = new RoutingPartition(name, context, database, names, params.persistent_state === 1);
      await made.load(false);
      partitions.set(name, made);
    };
    if (params.use_partitions === 1) {
      const database = await openDatabase(context, 'drouting', params.db_partitions_url);
      for (const row of await database.select(params.db_partitions_table)) {
        await add(textIn(row, 'partition_name'), DbUrl.parse(textIn(row, 'db_url')), {
          ...standard,
          gateways: textIn(row, 'drd_table') || standard.gateways,
          rules: textIn(row, 'drr_table') || standard.rules,
          groups: textIn(row, 'drg_table') || standard.groups,
          carriers: textIn(row, 'drc_table') || standard.carriers,
        });
      }
    } else await add('Default', params.db_url, standard);
    const state: RoutingState = {
      partitions,
      context,
      avps: {
        gateway: params.gw_id_avp && avpName(params.gw_id_avp),
        prefix: params.gw_priprefix_avp && avpName(params.gw_priprefix_avp),
        rule: params.rule_id_avp && avpName(params.rule_id_avp),
        rulePrefix: params.rule_prefix_avp && avpName(params.rule_prefix_avp),
        carrier: params.carrier_id_avp && avpName(params.carrier_id_avp),
      },
      useDomain: params.use_domain !== 0,
      defaultGroup: params.default_group < 0 ? undefined : params.default_group,
      probing: true,
    };
    if (params.probing_interval > 0) {
      const socket =
        params.probing_socket === undefined ? undefined : context.program.socket(params.probing_socket);
      const how = { method: params.probing_method, from: params.probing_from, socket };
      const isAlive = replyCodes(params.probing_reply_codes);
      context.every(params.probing_interval, () => {
        if (state.probing) for (const it of partitions.values()) void it.probe(how, isAlive);
      });
    }
    return state;
  },
  functions: {
    do_routing: fn({
      args: [
        optional(int('groupID')),
        optional(letters('flags', FLAGS)),
        optional(text('gw_whitelist')),
        optional(output('rule_attrs')),
        gatewayAttrs,
        carrierAttrs,
        partition,
      ],
      routes: ANY,
      describe:
        'Leads the request by the rule for the number in its Request-URI; without a group by that of the caller.',
      returns: '1; -1: there is no rule, or none of its gateways can be used.',
      run: (m, state, group, flags, whitelist, rule, gateway, carrier, name) =>
        partitionsNamed(state, name).some((it) =>
          doRouting(m, state, it, { group, flags: flags ?? '', whitelist }, { rule, gateway, carrier }),
        ),
    }),
    use_next_gw: fn({
      args: [optional(output('rule_attrs')), gatewayAttrs, carrierAttrs, partition],
      routes: NEXT,
      describe: 'Leads the request to the next gateway, when the last one has failed.',
      returns: '1; -1: there is none left.',
      run: (m, state, rule, gateway, carrier, name) =>
        partitionsNamed(state, name).some((it) => next(m, state, it, { rule, gateway, carrier })),
    }),
    route_to_carrier: fn({
      args: [text('carriers', 'ids with commas between'), gatewayAttrs, carrierAttrs, partition],
      routes: ANY,
      describe: 'Leads the request to the gateways of carriers, whatever the rules say.',
      run: (m, state, list, gateway, carrier, name) => {
        const [it] = partitionsNamed(state, name);
        if (it === undefined) return false;
        const { ids: source } = m.program.services;
        const hops = ids(list).flatMap((id) => {
          const known = it.table.carriers.get(id);
          return known === undefined ? [] : it.table.hopsOfCarrier(known, undefined, undefined, source);
        });
        return begin(m, state, it, hops, m.target.parsed?.user ?? '', { gateway, carrier });
      },
    }),
    route_to_gw: fn({
      args: [text('gw_id', 'ids with commas between'), gatewayAttrs, carrierAttrs, partition],
      routes: ANY,
      describe: 'Leads the request to gateways, whatever the rules say.',
      run: (m, state, list, gateway, carrier, name) => {
        const [it] = partitionsNamed(state, name);
        if (it === undefined) return false;
        const hops = ids(list).flatMap((id): Hop[] => {
          const known = it.table.gateways.get(id);
          return known === undefined
            ? []
            : [{ gateway: known, carrier: it.table.carrierOf(known), rule: undefined }];
        });
        return begin(m, state, it, hops, m.target.parsed?.user ?? '', { gateway, carrier });
      },
    }),
    is_from_gw: fn({
      args: [
        optional(int('type')),
        optional(letters('flags', FOUND_FLAGS)),
        gatewayAttrs,
        carrierAttrs,
        partition,
      ],
      routes: ['request', 'failure', 'branch', 'onreply'],
      describe: 'Whether the message came from a gateway, of one type or of any.',
      run: (m, state, ...args) => isGateway(m, state, m.flow.remoteAddress, m.flow.remotePort, args),
    }),
    goes_to_gw: fn({
      args: [
        optional(int('type')),
        optional(letters('flags', FOUND_FLAGS)),
        gatewayAttrs,
        carrierAttrs,
        partition,
      ],
      routes: ['request', 'failure', 'branch', 'onreply', 'local'],
      describe: 'Whether the request goes to the address of a gateway; names are not looked up.',
      run: (m, state, ...args) => isGateway(m, state, ...hostAndPort(m.target.du ?? m.target.uri), args),
    }),
    dr_is_gw: fn({
      args: [
        text('sip_uri'),
        optional(int('type')),
        optional(letters('flags', FOUND_FLAGS)),
        gatewayAttrs,
        carrierAttrs,
        partition,
      ],
      routes: ANY,
      describe: 'Whether a URI has the address of a gateway; names are not looked up.',
      run: (m, state, uri, ...args) => isGateway(m, state, ...hostAndPort(uri), args),
    }),
    dr_disable: fn({
      args: [partition],
      routes: ['request', 'failure', 'branch', 'onreply', 'local'],
      describe: 'Leaves the gateway that was used last out, until a probe is answered.',
      run: (m, state, name) =>
        partitionsNamed(state, name).some((it) => {
          const current = m.context.get(it.routing)?.current;
          if (current !== undefined) it.set(current.gateway, 'down');
          return current !== undefined;
        }),
    }),
    dr_match: fn({
      args: [
        int('groupID'),
        optional(letters('flags', { L: FLAGS.L })),
        text('number'),
        optional(output('rule_attrs')),
        partition,
      ],
      routes: ['request', 'failure', 'local', 'branch', 'onreply'],
      describe: 'Whether there is a rule for a number.',
      run: (m, state, group, flags, number, attrs, name) => {
        const now = m.program.services.clock.wallNow();
        for (const { table } of partitionsNamed(state, name)) {
          const [rule] = table.rulesFor(group, number, flags?.includes('L') === true, now);
          if (rule === undefined) continue;
          attrs?.set(m, rule.attrs);
          return true;
        }
        return false;
      },
    }),
  },
  commands: routingCommands,
  events: {
    E_DROUTING_STATUS: {
      describe: 'A gateway has another state.',
      params: ['partition', 'gwid', 'address', 'status'],
    },
  },
  missing: {
    rule_tables_query: 'name the table by drr_table',
    partition_id_pvar: 'a function that takes `*` does not tell which partition it was',
  },
});
