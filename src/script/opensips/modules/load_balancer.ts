import type { Dialog } from '../../../core/dialog/dialog.ts';
import { dbUrlParameter } from '../db/db-url.ts';
import { openDatabase } from '../db/open-database.ts';
import { int, letters, optional, output, text } from '../frame/argument.ts';
import { CommandError, type Json } from '../frame/command.ts';
import type { FunctionSpec } from '../frame/function.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, textParameter } from '../frame/parameter.ts';
import { ANY, type RouteKinds } from '../frame/route-kind.ts';
import type { VariableRef } from '../frame/variable.ts';
import { type ContextKey, contextKey } from '../runtime/context-key.ts';
import { isAmong, replyCodes } from '../runtime/outer-destination.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { currentDialog, noteMade } from './dialog/current.ts';
import { KeptOfDialogs } from './dialog/kept.ts';
import {
  Balancer,
  type BalancerDestination,
  type NoDestination,
  type Wanted,
} from './load_balancer/balancer.ts';

/** A call on its way from one destination to the next. */
interface Session {
  readonly wanted: Wanted;
  readonly tried: Set<BalancerDestination>;
  current: BalancerDestination | undefined;
}

const { fn, define } = moduleParts<Balancer>();

const BALANCING: RouteKinds = ['request', 'branch', 'failure'];
const SESSION: ContextKey<Session | undefined> = contextKey('load_balancer');
const NO_CLUSTER = 'one node works for itself';
const NO_FREESWITCH = 'there is no event socket to FreeSWITCH: write capacities into the table';
const CODES: Readonly<Record<NoDestination, number>> = {
  'no capacity': -2,
  none: -3,
  'unknown resource': -4,
};
const FLAGS = {
  n: 'full destinations are taken, too',
  r: 'the share that is free counts, not how many',
  s: 'one at random among equals',
};
const START_CODES =
  '1; -1: no dialog; -2: all are full; -3: there is none; -4: no destination has such a resource.';

function resourcesIn(given: string): readonly string[] {
  return given
    .split(';')
    .map((it) => it.trim())
    .filter((it) => it !== '');
}

/** The dialog of the call, made where it is not known. */
function dialogOf(m: ScriptMessage): Dialog | undefined {
  const known = currentDialog(m);
  const { transaction } = m.context;
  if (known !== undefined || transaction === undefined) return known;
  const made = m.program.services.dialogs.create(transaction);
  if (made !== undefined) noteMade(m.context, made);
  return made;
}

function start(
  m: ScriptMessage,
  balancer: Balancer,
  [group, resources, flags, attrs]: readonly [number, string, string | undefined, VariableRef | undefined],
): number {
  reset(m, balancer);
  const has = (flag: string) => flags?.includes(flag) === true;
  const wanted: Wanted = {
    group,
    resources: resourcesIn(resources),
    evenFull: has('n'),
    relative: has('r'),
    random: has('s'),
  };
  if (wanted.resources.length === 0) return -1;
  m.context.set(SESSION, { wanted, tried: new Set<BalancerDestination>(), current: undefined });
  const code = next(m, balancer, attrs);
  if (code !== 1) m.context.set(SESSION, undefined);
  return code;
}

function next(m: ScriptMessage, balancer: Balancer, attrs: VariableRef | undefined): number {
  const session = m.context.get(SESSION);
  const dialog = session && dialogOf(m);
  if (session === undefined || dialog === undefined) return -1;
  leave(dialog, balancer, session);
  const found = balancer.choose(session.wanted, session.tried);
  if (typeof found === 'string') return CODES[found];
  session.current = found;
  session.tried.add(found);
  balancer.count(dialog, found, session.wanted.resources);
  m.target.du = found.uri;
  attrs?.set(m, found.attrs);
  return 1;
}

/** The destination that was tried last has the call no longer. */
function leave(dialog: Dialog, balancer: Balancer, session: Session): void {
  if (session.current !== undefined) balancer.uncount(dialog, session.current, session.wanted.resources);
  session.current = undefined;
}

function reset(m: ScriptMessage, balancer: Balancer): boolean {
  const session = m.context.get(SESSION);
  const dialog = currentDialog(m);
  if (session === undefined) return false;
  if (dialog !== undefined) leave(dialog, balancer, session);
  m.context.set(SESSION, undefined);
  return true;
}

const startArgs = [
  int('grp'),
  text('resources', 'with `;` between'),
  optional(letters('flags', FLAGS)),
  optional(output('attrs')),
] as const;

function startOrNext(older?: string): FunctionSpec<Balancer> {
  return fn({
    args: startArgs,
    routes: BALANCING,
    describe: 'As lb_start where no search is under way, else as lb_next.',
    returns: START_CODES,
    ...(older !== undefined && { older }),
    run: (m, balancer, ...args) =>
      m.context.get(SESSION) === undefined ? start(m, balancer, args) : next(m, balancer, args[3]),
  });
}

/** @throws CommandError */
function destinationNamed({ destinations }: Balancer, id: Json | undefined): BalancerDestination {
  const found = destinations.find((it) => it.id === Number(id));
  if (found === undefined) throw new CommandError(404, 'Destination ID not found');
  return found;
}

const enabledText = ({ disabled }: BalancerDestination) => (disabled ? 'no' : 'yes');

export const module: ScriptModule = define({
  name: 'load_balancer',
  sharedState: true,
  summary:
    'Sends each call to the destination that has the most room for it; calls are counted by their dialogs.',
  needs: ['dialog', 'tm'],
  params: {
    db_url: dbUrlParameter('Where the table is.'),
    db_table: textParameter('load_balancer', 'Name of the table.'),
    probing_interval: intParameter(30, 'Seconds between two probes; 0: none.', { least: 0 }),
    probing_method: textParameter('OPTIONS', 'The method of probes.'),
    probing_from: textParameter('sip:prober@localhost', 'The URI in their From.'),
    probing_reply_codes: textParameter(
      undefined,
      'Statuses besides 200 that tell that a destination is there.',
    ),
    probing_verbose: ignored('int', 'Logs what probes find.', 'E_LOAD_BALANCER_STATUS tells it'),
    lb_define_blacklist: ignored('text', 'A list of addresses not to send to.', 'there are no such lists'),
    cluster_id: ignored('int', 'Replication.', NO_CLUSTER),
    cluster_sharing_tag: ignored('text', 'Replication.', NO_CLUSTER),
    fetch_freeswitch_stats: ignored('int', 'Capacities by load.', NO_FREESWITCH),
    initial_freeswitch_load: ignored('int', 'Capacities by load.', NO_FREESWITCH),
  },
  start: async (params, context) => {
    const database = await openDatabase(context, 'load_balancer', params.db_url);
    const { profiles } = KeptOfDialogs.of(context.services.dialogs);
    const isAlive = replyCodes(params.probing_reply_codes);
    const balancer = new Balancer(context, database, params.db_table, profiles, isAlive);
    await balancer.load();
    if (params.probing_interval > 0) {
      const how = { method: params.probing_method, from: params.probing_from, socket: undefined };
      context.every(params.probing_interval, () => void balancer.probe(how));
    }
    return balancer;
  },
  functions: {
    lb_start: fn({
      args: startArgs,
      routes: BALANCING,
      describe:
        'Chooses the destination of a group that has the most room in all of the resources; `$du` leads there.',
      returns: START_CODES,
      run: (m, balancer, ...args) => start(m, balancer, args),
    }),
    lb_next: fn({
      args: [optional(output('attrs'))],
      routes: BALANCING,
      describe: 'Chooses another destination, when the last one has failed.',
      returns: START_CODES,
      run: (m, balancer, attrs) => next(m, balancer, attrs),
    }),
    lb_start_or_next: startOrNext(),
    load_balance: startOrNext('write lb_start_or_next'),
    lb_reset: fn({
      args: [],
      routes: BALANCING,
      describe: 'Ends the search, so that another one may begin.',
      run: (m, balancer) => {
        reset(m, balancer);
        return true;
      },
    }),
    lb_is_started: fn({
      args: [],
      routes: ANY,
      describe: 'Whether a search is under way.',
      run: (m) => m.context.get(SESSION) !== undefined,
    }),
    lb_disable_dst: fn({
      args: [],
      routes: BALANCING,
      describe: 'Leaves the destination that was tried last out, until a probe finds it.',
      run: (m, balancer) => {
        const current = m.context.get(SESSION)?.current;
        if (current === undefined) return false;
        balancer.enable(current, false);
        return true;
      },
    }),
    lb_is_destination: fn({
      args: [
        text('ip'),
        int('port', { least: 0, most: 65_535 }),
        optional(int('group')),
        optional(int('active')),
        optional(output('attrs')),
      ],
      routes: ['request', 'failure', 'onreply', 'branch', 'local'],
      describe: 'Whether an address is that of a destination. Port 0 means any.',
      run: (m, { destinations }, ip, port, group, active, attrs) => {
        const found = destinations.find(
          (it) =>
            (group === undefined || group === -1 || it.group === group) &&
            !(active === 1 && it.disabled) &&
            isAmong(it.addresses, ip, port),
        );
        if (found === undefined) return false;
        attrs?.set(m, found.attrs);
        return true;
      },
    }),
    lb_count_call: fn({
      args: [
        text('ip'),
        int('port', { least: 0, most: 65_535 }),
        int('grp'),
        text('resources', 'with `;` between'),
        optional(int('undo')),
      ],
      routes: BALANCING,
      describe: 'Counts a call for a destination that it was not sent to by this module, or no longer.',
      run: (m, balancer, ip, port, group, resources, undo) => {
        const dialog = dialogOf(m);
        const found = balancer.destinations.find(
          (it) => (group === -1 || it.group === group) && isAmong(it.addresses, ip, port),
        );
        if (found === undefined || dialog === undefined) return false;
        const known = resourcesIn(resources).filter((it) => found.capacity.has(it));
        if (undo) balancer.uncount(dialog, found, known);
        else if (!balancer.count(dialog, found, known)) return false;
        return known.length > 0;
      },
    }),
  },
  commands: {
    'load_balancer:reload': {
      describe: 'Reads the table again.',
      aliases: ['lb_reload'],
      run: async (balancer) => {
        await balancer.load();
        return 'OK';
      },
    },
    'load_balancer:resize': {
      describe: 'Gives a destination another capacity, until the table is read again.',
      params: ['destination_id', 'res_name', 'new_capacity'],
      aliases: ['lb_resize'],
      run: (balancer, { destination_id, res_name, new_capacity }) => {
        const { capacity } = destinationNamed(balancer, destination_id);
        const size = Number(new_capacity);
        if (!(Number.isInteger(size) && size >= 0)) throw new CommandError(400, 'Bad capacity value');
        if (!capacity.has(String(res_name))) throw new CommandError(404, 'Resource name not found');
        capacity.set(String(res_name), size);
        return 'OK';
      },
    },
    'load_balancer:list': {
      describe: 'Lists the destinations with their resources.',
      aliases: ['lb_list'],
      run: (balancer) => ({
        Destinations: balancer.destinations.map((it) => ({
          uri: it.uri,
          id: it.id,
          group: it.group,
          enabled: enabledText(it),
          'auto-reenable': it.probeMode === 0 ? 'off' : 'on',
          Resources: [...it.capacity].map(([name, max]) => ({ name, max, load: balancer.loadOf(it, name) })),
          ...(it.attrs !== '' && { attrs: it.attrs }),
        })),
      }),
    },
    'load_balancer:status': {
      describe: 'Tells whether a destination is enabled, or sets it: 1 or 0.',
      params: ['destination_id', 'new_status?'],
      aliases: ['lb_status'],
      run: (balancer, { destination_id, new_status }) => {
        const destination = destinationNamed(balancer, destination_id);
        if (new_status === undefined) return { enabled: enabledText(destination) };
        balancer.enable(destination, Number(new_status) !== 0);
        return 'OK';
      },
    },
  },
  events: {
    E_LOAD_BALANCER_STATUS: {
      describe: 'A destination is enabled or disabled.',
      params: ['group', 'uri', 'status'],
    },
  },
  notes: 'Calls are counted as long as their dialogs last, those of a table of `dialog` over a restart, too.',
});
