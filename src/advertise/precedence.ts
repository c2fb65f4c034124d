import { ipFamily } from '../base/ip.ts';
import type { AddressParts, Listener } from '../net/listener.ts';
import { type AdvertisedAddress, advertisedAddress } from './advertised-address.ts';
import type { DestinationClass } from './networks.ts';

/** Who may say what is printed, most important first in the one precedence. */
export type LevelName = 'override' | 'destination-rule' | 'inside' | 'listener' | 'global' | 'bound';

export interface Level {
  readonly name: LevelName;
  /** Undefined where the level says nothing. */
  readonly parts: AddressParts | undefined;
  /** The network that made the level speak. */
  readonly network?: string;
}

/** Where an address is printed; only the order of OpenSIPS cares. */
export type PrintedPlace =
  | 'via'
  | 'record-route-out'
  | 'record-route-in'
  | 'path-out'
  | 'path-in'
  | 'contact'
  | 'own-request'
  | 'warning'
  | 'call-id';

export type Order = 'viaduct' | 'opensips';

export interface Decision {
  readonly address: AdvertisedAddress;
  readonly hostFrom: LevelName;
  readonly portFrom: LevelName;
}

/** The one precedence: transaction override → rule for the destination's network → listener's `as` → global → bound. */
export function viaductLevels(
  listener: Listener,
  global: AddressParts | undefined,
  destination: DestinationClass,
  hasInside: boolean,
  override: AddressParts | undefined,
): readonly Level[] {
  const { rule, inside } = destination;
  const bound = { host: listener.address };
  const boundSeen = hasInside && inside !== undefined && !destination.publicNeighbour;
  return [
    { name: 'override', parts: override },
    {
      name: 'destination-rule',
      parts: rule === undefined ? undefined : rule.as === 'bound' ? bound : rule.as,
      ...(rule === undefined ? {} : { network: rule.network.text }),
    },
    {
      name: 'inside',
      parts: boundSeen ? bound : undefined,
      ...(inside === undefined ? {} : { network: inside.text }),
    },
    { name: 'listener', parts: listener.advertised },
    { name: 'global', parts: fitsFamily(listener, global) ? global : undefined },
    { name: 'bound', parts: bound },
  ];
}

/** A global IPv4 address says nothing to the peers of an IPv6 listener, nor the other way round; a name serves both. */
function fitsFamily(listener: Listener, global: AddressParts | undefined): boolean {
  const family = ipFamily(global?.host ?? '');
  return family === 0 || family === listener.family;
}

/**
 * Host and port are a pair: the first level that says anything decides. Where it gives only a host the bound port is
 * printed; where it gives only a port, the next level with a host gives the host and decides nothing else.
 * @param levels the last one gives a host
 */
export function decide(listener: Listener, levels: readonly Level[]): Decision {
  const first = levels.findIndex(({ parts }) => parts?.host !== undefined || parts?.port !== undefined);
  const portLevel = levels[first]!;
  const hostLevel = levels.slice(first).find(({ parts }) => parts?.host !== undefined)!;
  const port = portLevel.parts?.port;
  return {
    address: advertisedAddress(hostLevel.parts!.host!, port ?? listener.port, port !== undefined),
    hostFrom: hostLevel.name,
    portFrom: port === undefined ? 'bound' : portLevel.name,
  };
}

/**
 * The orders of OpenSIPS, which differ by the place (per-message, then global, then listener in a Via; listener first in
 * Record-Route) and know nothing of destinations.
 */
export function opensipsLevels(
  listener: Listener,
  global: AddressParts | undefined,
  place: PrintedPlace,
  override: AddressParts | undefined,
): readonly Level[] {
  const as = listener.advertised;
  const perMessage: Level = { name: 'override', parts: override };
  const own: Level = {
    name: 'listener',
    parts: as?.host === undefined ? as : { host: as.host, port: as.port ?? listener.port },
  };
  const everywhere: Level = { name: 'global', parts: global };
  const bound: Level = { name: 'bound', parts: { host: listener.address } };
  switch (place) {
    case 'via':
      return [perMessage, everywhere, own, bound];
    case 'record-route-out':
    case 'path-out':
    case 'contact':
      return [own, perMessage, everywhere, bound];
    case 'record-route-in':
    case 'path-in':
    case 'own-request':
      return [own, everywhere, bound];
    case 'warning':
    case 'call-id':
      return [bound];
  }
}

/** As OpenSIPS decides: host and port each from the first level that has one; a URI leaves out only a bound port 5060. */
export function decideApart(listener: Listener, levels: readonly Level[]): Decision {
  const hostLevel = levels.find(({ parts }) => parts?.host !== undefined)!;
  const portLevel = levels.find(({ parts }) => parts?.port !== undefined);
  const portGiven = portLevel !== undefined || listener.port !== 5060;
  return {
    address: advertisedAddress(hostLevel.parts!.host!, portLevel?.parts?.port ?? listener.port, portGiven),
    hostFrom: hostLevel.name,
    portFrom: portLevel?.name ?? 'bound',
  };
}
