// The calls that sipp and captures cannot follow: every transport to every other, and IPv6 to IPv4.
import { TRANSPORT_NAMES, type TransportName } from '../../src/net/transport-name.ts';
import { PORTS } from './cloud-server.ts';
import { DOMAIN, PASSWORD } from './matrix.ts';
import type { Ended, PhoneHouse } from './phone-houses.ts';
import type { Place } from './phones.ts';
import { FLOWS, type Flow } from './scenario.ts';
import type { Leg } from './scripted-phone.ts';
import type { SeenMessage } from './seen-message.ts';
import { ADDRESS } from './topology.ts';

/** A place as seen by one address family. At home there is no IPv6, as in many homes. */
export type Spot = Place | 'phone6' | 'vpcphone6';

export interface MixedPlan {
  readonly flow: Flow;
  readonly from: Spot;
  readonly to: Spot;
  readonly caller: TransportName;
  readonly callee: TransportName;
}

export interface MixedOutcome {
  readonly plan: MixedPlan;
  readonly trouble: string; // empty where all went well
  readonly seen: readonly SeenMessage[];
}

const SERVER_FOR: Readonly<Record<Spot, string>> = {
  phone: ADDRESS.serverPublic,
  home: ADDRESS.serverPublic,
  home2: ADDRESS.serverPublic,
  vpcphone: ADDRESS.server,
  phone6: ADDRESS.server6,
  vpcphone6: ADDRESS.server6,
};
const FOUR: readonly Spot[] = ['phone', 'home', 'vpcphone'];
const SIX: readonly Spot[] = ['phone6', 'vpcphone6'];
/** One of each kind with one of another. */
const SIX_TRANSPORTS: readonly (readonly [TransportName, TransportName])[] = [
  ['udp', 'udp'],
  ['wss', 'udp'],
  ['udp', 'tls'],
  ['tcp', 'wss'],
];
const CALLS_AT_ONCE = 24;

function pairs(spots: readonly Spot[]): (readonly [Spot, Spot])[] {
  return spots.flatMap((from) =>
    spots.filter((to) => placeOf(to) !== placeOf(from)).map((to) => [from, to] as const),
  );
}

/** Every transport with every transport between every two networks over IPv4, and between two phones behind one NAT. */
export const TRANSPORT_CALLS: readonly MixedPlan[] = TRANSPORT_NAMES.flatMap((caller) =>
  TRANSPORT_NAMES.flatMap((callee) => [
    ...pairs(FOUR).flatMap(([from, to]) => FLOWS.map((flow) => ({ flow, from, to, caller, callee }))),
    { flow: 're-invite', from: 'home', to: 'home2', caller, callee },
  ]),
);

/** IPv6 with IPv6 and with IPv4. */
export const FAMILY_CALLS: readonly MixedPlan[] = SIX_TRANSPORTS.flatMap(([caller, callee]) =>
  pairs([...FOUR, ...SIX])
    .filter(([from, to]) => SIX.includes(from) || SIX.includes(to))
    .flatMap(([from, to]) => FLOWS.map((flow) => ({ flow, from, to, caller, callee }))),
);

/** The users that the calls need: a caller and a callee for each line of calls. */
export const MIXED_USERS: readonly string[] = Array.from({ length: CALLS_AT_ONCE }, (_, line) => [
  `mixed-caller-${line}`,
  `mixed-callee-${line}`,
]).flat();

/** Makes the calls, some at a time, and returns how each went. @param houses one at each place */
export async function makeMixedCalls(
  houses: Readonly<Record<Place, PhoneHouse>>,
  plans: readonly MixedPlan[],
): Promise<MixedOutcome[]> {
  const outcomes: MixedOutcome[] = [];
  let next = 0;
  const line = async (_: unknown, number: number): Promise<void> => {
    for (let index = next++; index < plans.length; index = next++) {
      outcomes[index] = await makeCall(houses, plans[index]!, index, number);
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, line));
  return outcomes;
}

async function makeCall(
  houses: Readonly<Record<Place, PhoneHouse>>,
  plan: MixedPlan,
  index: number,
  line: number,
): Promise<MixedOutcome> {
  const name = `${index}-${nameOf(plan)}`;
  const [caller, callee] = [`mixed-caller-${line}`, `mixed-callee-${line}`];
  const common = { flow: plan.flow, name };
  const account = { domain: DOMAIN, password: PASSWORD };
  const [from, to] = [legOf(plan.from, plan.caller), legOf(plan.to, plan.callee)];
  const called = houses[placeOf(plan.to)].play({
    ...common,
    side: 'callee',
    who: { user: callee, peer: caller, ...account },
    leg: to,
  });
  await called.registered;
  const calling = houses[placeOf(plan.from)].play({
    ...common,
    side: 'caller',
    who: { user: caller, peer: callee, ...account },
    leg: from,
  });
  const [here, there] = await Promise.all([calling.ended, called.ended]);
  const trouble = [here.trouble, there.trouble].filter(Boolean).join('\n');
  return { plan, trouble, seen: [...seenBy(plan.from, from, here), ...seenBy(plan.to, to, there)] };
}

export function nameOf({ flow, from, to, caller, callee }: MixedPlan): string {
  return `${flow}-${caller}-${from}-${callee}-${to}`;
}

function placeOf(spot: Spot): Place {
  return spot === 'phone6' ? 'phone' : spot === 'vpcphone6' ? 'vpcphone' : spot;
}

function legOf(spot: Spot, transport: TransportName): Leg {
  return { transport, local: ADDRESS[spot], address: SERVER_FOR[spot], port: PORTS[transport] };
}

/** What a phone has sent and got, as a witness on its link would have seen it. */
function seenBy(spot: Spot, { transport, address, port }: Leg, { heard }: Ended): SeenMessage[] {
  const link = placeOf(spot) === 'vpcphone' ? 'vpc' : 'internet';
  const phone = { address: spot.startsWith('home') ? ADDRESS.homegw : ADDRESS[spot], port: 0 };
  const server = { address, port };
  return heard.map(({ sent, time, text }) => {
    const [source, destination] = sent ? [phone, server] : [server, phone];
    return {
      link,
      time,
      transport,
      source: source.address,
      sourcePort: source.port,
      destination: destination.address,
      destinationPort: destination.port,
      text,
    };
  });
}
