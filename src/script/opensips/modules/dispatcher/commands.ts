import { formatHostPort } from '../../../../base/ip.ts';
import { CommandError, type CommandSpec, type Json } from '../../frame/command.ts';
import { socketText } from '../../runtime/socket-names.ts';
import type { Partition } from './partition.ts';
import { type DispatcherState, push, stateNamed } from './state.ts';

function listed({ sets }: Partition, full: boolean): Json {
  return [...sets.values()].map(({ id, destinations }) => ({
    id,
    Destinations: destinations.map((it) => ({
      URI: it.uri,
      state: `${it.state[0]!.toUpperCase()}${it.state.slice(1)}`,
      first_hit_counter: it.chosen,
      ...(it.socket && { socket: socketText(it.socket) }),
      ...(it.attrs !== undefined && { attr: it.attrs }),
      ...(it.scriptAttrs !== undefined && { script_attr: it.scriptAttrs }),
      ...(full && {
        weight: it.weight,
        priority: it.priority,
        ...(it.description !== '' && { description: it.description }),
      }),
      resolved_addresses: it.addresses.map(({ address, port }) => formatHostPort(address, port)),
    })),
  }));
}

/** @throws CommandError */
function partitionNamed({ partitions }: DispatcherState, name: Json | undefined): Partition {
  const found = partitions.get(String(name ?? 'default'));
  if (found === undefined) throw new CommandError(500, 'Unknown partition');
  return found;
}

export const dispatcherCommands: Readonly<Record<string, CommandSpec<DispatcherState>>> = {
  'dispatcher:set_state': {
    describe: 'Gives a destination another state: `a`, `i`, `p`. The group is `set` or `partition:set`.',
    params: ['state', 'group', 'address'],
    aliases: ['ds_set_state'],
    run: (state, { state: letter, group, address }) => {
      const wanted = stateNamed(String(letter)[0] ?? '?');
      if (wanted === undefined) throw new CommandError(500, 'Bad state value');
      const [set, name] = String(group).split(':').reverse();
      const partition = partitionNamed(state, name);
      const found = partition.sets.get(Number(set));
      const destination = found?.destinations.find(({ uri }) => uri === address);
      if (found === undefined || destination === undefined)
        throw new CommandError(404, 'destination not found');
      destination.failures = 0;
      partition.set(found, destination, wanted, 'MI command');
      return 'OK';
    },
  },
  'dispatcher:list': {
    describe: 'Lists the partitions, their sets and destinations.',
    params: ['full?', 'partition?'],
    aliases: ['ds_list'],
    run: (state, { full, partition }) => {
      const meant =
        partition === undefined
          ? [...state.partitions]
          : [[String(partition), partitionNamed(state, partition)] as const];
      return { PARTITIONS: meant.map(([name, it]) => ({ name, SETS: listed(it, full !== undefined) })) };
    },
  },
  'dispatcher:reload': {
    describe: 'Reads the tables again.',
    params: ['partition?', 'inherit_state?'],
    aliases: ['ds_reload'],
    run: async (state, { partition, inherit_state }) => {
      const inherit = !/^n/i.test(String(inherit_state ?? 'y'));
      const meant = partition === undefined ? state.partitions.values() : [partitionNamed(state, partition)];
      for (const it of meant) {
        await it.flush();
        await it.load(inherit);
      }
      return 'OK';
    },
  },
  'dispatcher:push_script_attrs': {
    describe: 'Gives a destination attributes of the script’s own.',
    params: ['attrs', 'ip', 'port', 'set', 'partition?'],
    aliases: ['ds_push_script_attrs'],
    run: (state, { attrs, ip, port, set, partition }) => {
      if (!push(partitionNamed(state, partition), String(attrs), String(ip), Number(port), Number(set)))
        throw new CommandError(404, 'destination not found');
      return 'OK';
    },
  },
};
