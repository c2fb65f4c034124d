import { CommandError, type CommandSpec, type Json } from '../../frame/command.ts';
import { type RoutingPartition, stateText } from './partition.ts';
import type { RoutingState } from './route.ts';
import type { Carrier, Gateway } from './routing-table.ts';
import { isCarrier } from './routing-table.ts';

/** @throws CommandError */
function partitionNamed({ partitions }: RoutingState, name: Json | undefined): RoutingPartition {
  const found = name === undefined ? [...partitions.values()][0] : partitions.get(String(name));
  if (found === undefined) throw new CommandError(404, 'Partition not found');
  return found;
}

/** @throws CommandError */
function flagOf(status: Json): boolean {
  if (![0, 1].includes(Number(status))) throw new CommandError(400, 'Bad status');
  return Number(status) === 1;
}

const gatewayText = (it: Gateway) => ({ ...(it.attrs !== '' && { ATTRS: it.attrs }), State: stateText(it) });
const carrierText = (it: Carrier) => ({
  ...(it.attrs !== '' && { ATTRS: it.attrs }),
  Enabled: it.off ? 'no' : 'yes',
});

export const routingCommands: Readonly<Record<string, CommandSpec<RoutingState>>> = {
  'drouting:reload': {
    describe: 'Reads the tables again.',
    params: ['partition_name?', 'inherit_state?'],
    aliases: ['dr_reload'],
    run: async (state, { partition_name, inherit_state }) => {
      const meant =
        partition_name === undefined ? state.partitions.values() : [partitionNamed(state, partition_name)];
      for (const it of meant) await it.load(!/^n/i.test(String(inherit_state ?? 'y')));
      return 'OK';
    },
  },
  'drouting:gw_status': {
    describe: 'Tells the states of gateways, or sets one: 1 or 0.',
    params: ['partition_name?', 'gw_id?', 'status?'],
    aliases: ['dr_gw_status'],
    run: (state, { partition_name, gw_id, status }) => {
      const partition = partitionNamed(state, partition_name);
      const { gateways } = partition.table;
      if (gw_id === undefined) {
        return {
          Gateways: [...gateways.values()].map((it) => ({ ID: it.id, IP: it.address, ...gatewayText(it) })),
        };
      }
      const gateway = gateways.get(String(gw_id));
      if (gateway === undefined) throw new CommandError(404, 'GW ID not found');
      if (status === undefined) return gatewayText(gateway);
      partition.set(gateway, flagOf(status) ? 'on' : 'off');
      return 'OK';
    },
  },
  'drouting:carrier_status': {
    describe: 'Tells whether carriers are enabled, or sets it for one: 1 or 0.',
    params: ['partition_name?', 'carrier_id?', 'status?'],
    aliases: ['dr_carrier_status'],
    run: (state, { partition_name, carrier_id, status }) => {
      const partition = partitionNamed(state, partition_name);
      const { carriers } = partition.table;
      if (carrier_id === undefined) {
        return { Carriers: [...carriers.values()].map((it) => ({ ID: it.id, ...carrierText(it) })) };
      }
      const carrier = carriers.get(String(carrier_id));
      if (carrier === undefined) throw new CommandError(404, 'Carrier ID not found');
      if (status === undefined) return carrierText(carrier);
      partition.setCarrier(carrier, !flagOf(status));
      return 'OK';
    },
  },
  'drouting:number_routing': {
    describe: 'Tells which rule a number would take, and where it leads.',
    params: ['partition_name?', 'group_id?', 'number'],
    aliases: ['dr_number_routing'],
    run: (state, { partition_name, group_id, number }) => {
      const { table } = partitionNamed(state, partition_name);
      const now = state.context.services.clock.wallNow();
      const group = Number(group_id ?? Math.max(0, state.defaultGroup ?? 0));
      const [rule] = table.rulesFor(group, String(number), false, now);
      if (rule === undefined) throw new CommandError(404, 'No match found');
      return {
        'Matched Prefix': rule.prefix,
        'GW List': rule.members.map(({ of }) => (isCarrier(of) ? { CARRIER: of.id } : { GW: of.id })),
        ...(rule.attrs !== '' && { ATTRS: rule.attrs }),
      };
    },
  },
  'drouting:reload_status': {
    describe: 'Tells when the tables were read.',
    params: ['partition_name?'],
    aliases: ['dr_reload_status'],
    run: (state, { partition_name }) => {
      const date = ({ loadedAt }: RoutingPartition) => new Date(loadedAt).toUTCString();
      if (state.partitions.size === 1) return { Date: date(partitionNamed(state, partition_name)) };
      const meant =
        partition_name === undefined
          ? [...state.partitions.values()]
          : [partitionNamed(state, partition_name)];
      return { Partitions: meant.map((it) => ({ name: it.name, Date: date(it) })) };
    },
  },
  'drouting:enable_probing': {
    describe: 'Tells whether gateways are asked, or sets it: 1 or 0.',
    params: ['status?'],
    aliases: ['dr_enable_probing'],
    run: (state, { status }) => {
      if (status === undefined) return { Status: state.probing ? 1 : 0 };
      state.probing = flagOf(status);
      return 'OK';
    },
  },
};
