// The calls of the cloud test: every ordered pair of places, every flow, both transports.
import {
  type CallOutcome,
  type CallPlan,
  MEDIA_PORTS_EACH,
  PLACES,
  type Place,
  placeCall,
  SERVER_FOR,
  type Transport,
} from './phones.ts';
import { FLOWS, type Flow, type Party } from './scenario.ts';
import type { Topology } from './topology.ts';

export const DOMAIN = 'example.com';
export const PASSWORD = 'secret';

const NETWORKS: readonly Place[] = ['phone', 'home', 'vpcphone'];
/** Between all networks, and between two phones behind one NAT. */
const PAIRS: readonly (readonly [Place, Place])[] = [
  ...NETWORKS.flatMap((from) => NETWORKS.filter((to) => to !== from).map((to) => [from, to] as const)),
  ['home', 'home2'],
];
const TRANSPORTS: readonly Transport[] = ['udp', 'tcp'];
const FIRST_PORT = 7000;
export const FIRST_MEDIA_PORT = 20_000;
const CALLS_AT_ONCE = 10;

/** A user and whom it calls. */
export function party(user: string, peer: string): Party {
  return { user, peer, domain: DOMAIN, password: PASSWORD };
}

/** All calls. Each has its own callee (a binding left by another call must not ring) and its own ports. */
export const CALLS: readonly CallPlan[] = TRANSPORTS.flatMap((transport) =>
  FLOWS.flatMap((flow) => PAIRS.map(([from, to]) => ({ transport, flow, from, to }))),
).map((call, index) => {
  const caller = `caller-${call.from}`;
  const callee = `callee-${index}`;
  return {
    ...call,
    name: `${call.transport}-${call.flow}-${call.from}-${call.to}`,
    caller: party(caller, callee),
    callee: party(callee, caller),
    port: FIRST_PORT + 2 * index,
    media: FIRST_MEDIA_PORT + MEDIA_PORTS_EACH * index,
    serverFor: SERVER_FOR,
  };
});

/** Those that show whether a relay is where it is told to be: answered ones, and one that gives its ports back. */
export const FEW_CALLS: readonly CallPlan[] = CALLS.filter(
  ({ transport, flow }) => transport === 'udp' && (flow === 're-invite' || flow === 'cancel'),
);

/** The users that the calls need. */
export const USERS: readonly string[] = [
  ...PLACES.map((place) => `caller-${place}`),
  ...CALLS.map(({ callee }) => callee.user),
];

/** Makes the calls, some at a time, and returns how each went, in their order. */
export async function makeCalls(
  net: Topology,
  folder: string,
  calls: readonly CallPlan[] = CALLS,
): Promise<CallOutcome[]> {
  const outcomes: CallOutcome[] = [];
  let next = 0;
  const line = async (): Promise<void> => {
    while (next < calls.length) {
      const index = next++;
      outcomes[index] = await placeCall(net, calls[index]!, folder);
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, line));
  return outcomes;
}

/** The outcomes as a table, one line a flow and transport, one column a pair. */
export function table(title: string, outcomes: readonly CallOutcome[]): string {
  const columns = PAIRS.map(([from, to]) => `${from} > ${to}`);
  const cell = (transport: Transport, flow: Flow, column: number): string => {
    const [from, to] = PAIRS[column]!;
    const is = ({ plan }: CallOutcome): boolean =>
      plan.transport === transport && plan.flow === flow && plan.from === from && plan.to === to;
    return (outcomes.find(is)?.ok ? 'ok' : 'FAILED').padEnd(columns[column]!.length);
  };
  const rows = TRANSPORTS.flatMap((transport) =>
    FLOWS.map((flow) => {
      const cells = columns.map((_, column) => cell(transport, flow, column));
      return [`${transport} ${flow}`.padEnd(20), ...cells].join('  ');
    }),
  );
  return [`${title}:`, [' '.repeat(20), ...columns].join('  '), ...rows].join('\n');
}
