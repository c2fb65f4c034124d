import { canonicalHost, ipFamily } from '../../../base/ip.ts';
import { H } from '../../../wire/sip/header-name.ts';
import { Uri } from '../../../wire/sip/uri.ts';
import type { Database } from '../db/database.ts';
import { dbUrlParameter } from '../db/db-url.ts';
import { openDatabase } from '../db/open-database.ts';
import { requireTable } from '../db/table-layout.ts';
import { int, optional, output, parsed, text } from '../frame/argument.ts';
import { CommandError, type Json } from '../frame/command.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { intParameter, parsedParameter, textParameter } from '../frame/parameter.ts';
import type { RouteKinds } from '../frame/route-kind.ts';
import type { VariableRef } from '../frame/variable.ts';
import type { ModuleContext } from '../runtime/module-context.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { ADDRESS, type AddressColumns, AddressTable, maskText } from './permissions/address-table.ts';
import { type PartitionSource, readPartition } from './permissions/partitions.ts';
import { type RuleFiles, RuleStore } from './permissions/rules.ts';

interface Partition {
  readonly name: string;
  readonly database: Database;
  readonly table: string;
  addresses: AddressTable;
}

interface State {
  readonly partitions: ReadonlyMap<string, Partition>;
  readonly columns: AddressColumns;
  readonly rules: RuleStore;
  readonly suffixes: { readonly allow: string; readonly deny: string };
  readonly defaults: RuleFiles;
  readonly allBranches: boolean;
  readonly context: ModuleContext;
}

const { fn, define } = moduleParts<State>();

const ADDRESSES: RouteKinds = ['request', 'failure', 'local', 'branch', 'startup', 'timer', 'event'];
const FILES: RouteKinds = ['request', 'failure', 'local'];
const DEFAULT = 'default';
const CODES = '1: it is there; -1: it is not; -2: there is no such group.';

async function load(
  partition: Omit<Partition, 'addresses'>,
  columns: AddressColumns,
  context: ModuleContext,
) {
  const rows = await partition.database.select(partition.table, { columns: Object.values(columns) });
  const addresses = new AddressTable(rows, columns);
  if (addresses.skipped > 0) {
    context.log('warn', `permissions: ${addresses.skipped} rows of ${partition.table} cannot be used`);
  }
  return addresses;
}

function partitionOf(m: ScriptMessage, state: State, name: string | undefined): Partition | undefined {
  const found = state.partitions.get(name ?? DEFAULT);
  if (found === undefined) {
    m.program.log('error', `permissions: there is no partition ${name ?? DEFAULT}`, m.message.callId);
  }
  return found;
}

/** What is known of a source, where the script asks for more than its address. */
interface Asked {
  readonly group: number;
  readonly ip: string;
  readonly port: number;
  readonly proto: string;
  readonly info: VariableRef | undefined;
  readonly pattern: string | undefined;
  readonly partition: string | undefined;
}

function check(m: ScriptMessage, state: State, asked: Asked): number {
  const partition = partitionOf(m, state, asked.partition);
  if (partition === undefined || ipFamily(asked.ip) === 0) return -1;
  const found = partition.addresses.find({ ...asked, ip: canonicalHost(asked.ip) });
  if (typeof found === 'number') return found;
  return asked.info === undefined || asked.info.set(m, found.info) ? 1 : -1;
}

const proto = parsed('proto', (given) => {
  const word = given.toLowerCase();
  return ['any', 'udp', 'tcp', 'tls', 'sctp', 'ws', 'wss'].includes(word)
    ? { ok: true, value: word }
    : { ok: false, problem: `there is no protocol ${given}`, hint: 'write any, udp, tcp, tls, ws or wss' };
});

/** The files of a base name; those that no call names as a constant are read when they are first wanted. */
function filesOf(state: State, name: string): RuleFiles {
  const { allow, deny } = state.suffixes;
  return { allow: state.rules.read(name + allow), deny: state.rules.read(name + deny) };
}

/** `sip:user@host`, as rules see URIs. */
function plainUri(text: string): string {
  const uri = Uri.parse(text);
  if (uri === undefined || uri.kind !== 'sip') return text;
  return `sip:${uri.user === undefined ? '' : `${uri.user}@`}${uri.host}`;
}

/** Whether a pair passes: what allows it comes first. */
function passes({ allow, deny }: RuleFiles, left: string, right: string): boolean {
  return allow.match(left, right) || !deny.match(left, right);
}

function allowRouting(m: ScriptMessage, state: State, files: RuleFiles): boolean {
  const from = m.context.request.from?.uriText;
  if (files.allow.empty && files.deny.empty) return true;
  if (from === undefined) return false;
  const branches = state.allBranches ? m.context.branches.map(({ uri }) => uri) : [];
  return [m.target.uri, ...branches].every((uri) => passes(files, from, plainUri(uri)));
}

function allowRegister(m: ScriptMessage, files: RuleFiles): boolean {
  const { request } = m.context;
  const to = request.to?.uriText;
  if (files.allow.empty && files.deny.empty) return true;
  if (to === undefined) return false;
  return request.elements(H.Contact).every(({ text, address }) => {
    if (text === '*') return true;
    return address !== undefined && passes(files, to, plainUri(address.uriText));
  });
}

function dump(state: State, name: Json | undefined, subnets: boolean): Json {
  const of = ({ addresses }: Partition): Json =>
    addresses.entries
      .filter(({ ip, mask }) => (mask === (ipFamily(ip) === 4 ? 32 : 128)) !== subnets)
      .map((it) => ({
        grp: it.group,
        ip: it.ip,
        mask: subnets ? maskText(it.ip, it.mask) : String(it.mask),
        port: it.port,
        proto: it.proto,
        pattern: it.pattern === '' ? null : it.pattern,
        context_info: it.info === '' ? null : it.info,
      }));
  if (name === undefined) {
    const all = [...state.partitions.values()];
    return { Partitions: all.map((it) => ({ name: it.name, Destinations: of(it) })) };
  }
  const partition = state.partitions.get(String(name));
  if (partition === undefined) throw new CommandError(404, 'No such partition');
  return { part: partition.name, Destinations: of(partition) };
}

export const module: ScriptModule = define({
  name: 'permissions',
  summary: 'Says who may do what: by addresses in a table, and by files of expressions.',
  params: {
    db_url: dbUrlParameter('Where the table of addresses is, of the partition `default`.'),
    partition: parsedParameter<ReadonlyMap<string, PartitionSource>>(
      new Map(),
      'Another table of addresses: `name: db_url = …; table_name = …`. May be given several times.',
      readPartition,
    ),
    address_table: textParameter('address', 'The table.'),
    grp_col: textParameter('grp', 'The column.'),
    ip_col: textParameter('ip', 'The column.'),
    mask_col: textParameter('mask', 'The column.'),
    port_col: textParameter('port', 'The column.'),
    proto_col: textParameter('proto', 'The column.'),
    pattern_col: textParameter('pattern', 'The column.'),
    info_col: textParameter('context_info', 'The column.'),
    default_allow_file: textParameter('permissions.allow', 'Rules of `allow_routing()`.'),
    default_deny_file: textParameter('permissions.deny', 'Rules of `allow_routing()`.'),
    allow_suffix: textParameter('.allow', 'Comes behind a base name.'),
    deny_suffix: textParameter('.deny', 'Comes behind a base name.'),
    check_all_branches: intParameter(1, '0: allow_routing looks at the Request-URI alone.', {
      least: 0,
      most: 1,
    }),
  },
  start: async (params, context) => {
    const columns = {
      grp: params.grp_col,
      ip: params.ip_col,
      mask: params.mask_col,
      port: params.port_col,
      proto: params.proto_col,
      pattern: params.pattern_col,
      info: params.info_col,
    };
    const sources = new Map(params.partition);
    if (params.db_url !== undefined && !sources.has(DEFAULT)) {
      sources.set(DEFAULT, { url: params.db_url, table: undefined });
    }
    const partitions = new Map<string, Partition>();
    for (const [name, source] of sources) {
      const database = await openDatabase(context, 'permissions', source.url ?? params.db_url);
      const table = source.table ?? params.address_table;
      await requireTable(database, ADDRESS, table, Object.values(columns));
      const partition = { name, database, table };
      partitions.set(name, { ...partition, addresses: await load(partition, columns, context) });
    }
    const rules = new RuleStore(context.program.file, (text) => context.log('error', `permissions: ${text}`));
    const suffixes = { allow: params.allow_suffix, deny: params.deny_suffix };
    for (const name of ['allow_routing', 'allow_register', 'allow_uri']) {
      for (const base of context.program.constantsOf(name, 0)) {
        for (const suffix of Object.values(suffixes)) rules.read(base + suffix);
      }
    }
    const defaults = {
      allow: rules.read(params.default_allow_file),
      deny: rules.read(params.default_deny_file),
    };
    const allBranches = params.check_all_branches === 1;
    return { partitions, columns, rules, suffixes, defaults, allBranches, context };
  },
  functions: {
    check_address: fn({
      args: [
        int('group_id', { least: 0, describe: '0 for any' }),
        text('ip'),
        int('port', { least: 0, most: 65_535, describe: '0 for any' }),
        proto,
        optional(output('context_info')),
        optional(text('pattern')),
        optional(text('partition')),
      ],
      routes: ADDRESSES,
      describe: 'Whether an address is in a group of the table.',
      returns: CODES,
      run: (m, state, group, ip, port, transport, info, pattern, partition) =>
        check(m, state, { group, ip, port, proto: transport, info, pattern, partition }),
    }),
    check_source_address: fn({
      args: [
        int('group_id', { least: 0, describe: '0 for any' }),
        optional(output('context_info')),
        optional(text('pattern')),
        optional(text('partition')),
      ],
      routes: ['request', 'failure', 'local', 'branch'],
      describe: 'Whether the address that the request came from is in a group of the table.',
      returns: CODES,
      run: (m, state, group, info, pattern, partition) => {
        const { remoteAddress: ip, remotePort: port, transport } = m.context.flow;
        return check(m, state, { group, ip, port, proto: transport, info, pattern, partition });
      },
    }),
    get_source_group: fn({
      args: [output('var'), optional(text('partition'))],
      routes: ['request', 'failure', 'local', 'branch'],
      describe: 'Finds the group of the address that the request came from.',
      returns: '1; -1: it is in none.',
      run: (m, state, variable, name) => {
        const partition = partitionOf(m, state, name);
        const { remoteAddress: ip, remotePort: port } = m.context.flow;
        const question = { group: 0, ip, port, proto: 'any', pattern: undefined };
        const found = partition?.addresses.find(question) ?? -1;
        return typeof found !== 'number' && variable.set(m, found.group);
      },
    }),
    allow_routing: fn({
      args: [optional(text('basename'))],
      routes: FILES,
      describe: 'Whether rules let the caller (From) reach the Request-URI and every branch.',
      run: (m, state, name) =>
        allowRouting(m, state, name === undefined ? state.defaults : filesOf(state, name)),
    }),
    allow_register: fn({
      args: [text('basename')],
      routes: FILES,
      describe: 'Whether rules let a user (To) register the contacts of the request.',
      run: (m, state, name) => allowRegister(m, filesOf(state, name)),
    }),
    allow_uri: fn({
      args: [text('basename'), text('uri')],
      routes: ADDRESSES,
      describe: 'Whether rules let the caller (From) reach a URI.',
      run: (m, state, name, uri) => {
        const files = filesOf(state, name);
        const from = m.context.request.from?.uriText ?? '';
        return (files.allow.empty && files.deny.empty) || passes(files, from, plainUri(uri));
      },
    }),
  },
  commands: {
    'permissions:address_reload': {
      describe: 'Reads the tables anew, or that of one partition.',
      params: ['partition?'],
      aliases: ['address_reload'],
      run: async (state, { partition: name }) => {
        const meant =
          name === undefined ? [...state.partitions.values()] : [state.partitions.get(String(name))];
        for (const partition of meant) {
          if (partition === undefined) throw new CommandError(400, 'Trusted table reload failed');
          partition.addresses = await load(partition, state.columns, state.context);
        }
        return 'OK';
      },
    },
    'permissions:address_dump': {
      describe: 'Lists the single addresses.',
      params: ['partition?'],
      aliases: ['address_dump'],
      run: (state, { partition }) => dump(state, partition, false),
    },
    'permissions:subnet_dump': {
      describe: 'Lists the networks.',
      params: ['partition?'],
      aliases: ['subnet_dump'],
      run: (state, { partition }) => dump(state, partition, true),
    },
    'permissions:allow_uri': {
      describe: 'Whether the rules of a base name let a URI reach a contact.',
      params: ['basename', 'uri', 'contact'],
      aliases: ['allow_uri'],
      run: (state, { basename, uri, contact }) => {
        const allow = state.rules.known(`${String(basename)}${state.suffixes.allow}`);
        const deny = state.rules.known(`${String(basename)}${state.suffixes.deny}`);
        const fine = allow && deny && passes({ allow, deny }, String(uri), plainUri(String(contact)));
        if (fine !== true) throw new CommandError(403, 'Forbidden');
        return 'OK';
      },
    },
  },
  notes:
    'Of several networks that an address is in the smallest counts. Files are read when the script is loaded.',
});
