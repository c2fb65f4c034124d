import type { IpFamily } from '../base/ip.ts';
import type { Listener } from './listener.ts';
import type { TransportName } from './transport-name.ts';

/** The pairs of transport and address family that something can be sent by, one bit each. */
export type Ways = number;

const FAMILIES = { 4: 0, 6: 1 } as const;
const BOTH_FAMILIES = 3;
const SHIFTS: Readonly<Record<TransportName, number>> = { udp: 0, tcp: 2, tls: 4, ws: 6, wss: 8 };

export const EVERY_WAY: Ways = (1 << 10) - 1;

const known = new WeakMap<readonly Listener[], Ways>();

/** The ways of these listeners. A list is read once: sockets make a new one where it changes. */
export function waysOf(listeners: readonly Listener[]): Ways {
  let ways = known.get(listeners);
  if (ways === undefined) {
    ways = 0;
    for (const { transport, family } of listeners) ways |= 1 << (SHIFTS[transport] + FAMILIES[family]);
    known.set(listeners, ways);
  }
  return ways;
}

export function hasWay(ways: Ways, transport: TransportName, family: IpFamily): boolean {
  return (ways & (1 << (SHIFTS[transport] + FAMILIES[family]))) !== 0;
}

/** Whether the transport is spoken in any address family. */
export function speaks(ways: Ways, transport: TransportName): boolean {
  return (ways & (BOTH_FAMILIES << SHIFTS[transport])) !== 0;
}
