import type { Advertise } from '../../advertise/advertise.ts';
import type { Level } from '../../advertise/precedence.ts';
import { canonicalHost, ipFamily } from '../../base/ip.ts';
import type { AddressParts, Listener } from '../../net/listener.ts';

/** Who reads a session description: the leg that it leaves by. */
export interface MediaReader {
  /** The socket that sends it. */
  readonly listener: Listener;
  /** IP address of the next hop. */
  readonly destination: string;
  /** What the script has this leg print, if anything. */
  readonly override: AddressParts | undefined;
}

/** The address at which a relay listens for one party, and what else it is known by. */
export interface RelayedAddress {
  /** As the relay told it. */
  readonly address: string;
  /** What the relay is known by outside, where that was configured for it: stands in for the listener's `as`. */
  readonly advertised: string | undefined;
  /** Whether the relay runs on this machine, so that what is configured for signalling means it too. */
  readonly local: boolean;
}

/**
 * The address that stands in the description for one reader, by the same precedence as in the signalling: override, rule
 * for the destination, inside (the relay's own), `as`, global, the relay's own. Levels that give a name, or an address of
 * the other family, say nothing here; of a relay elsewhere only its own addresses and the override do.
 */
export function printedMediaAddress(
  relay: RelayedAddress,
  reader: MediaReader,
  advertise: Advertise,
): string {
  const { listener, destination, override } = reader;
  const family = ipFamily(relay.address) || 4;
  const as = relay.advertised === undefined ? relay.local && listener.advertised : { host: relay.advertised };
  const socket: Listener = { ...listener, address: relay.address, family, advertised: as || undefined };
  const levels = advertise.policy.levels({ listener: socket, destination, override, place: 'contact' });
  for (const level of levels) {
    const host = hostOf(level);
    if (host === undefined || ipFamily(host) !== family) continue;
    if (relay.local || host === relay.address || !isOfThisServer(level)) return host;
  }
  return relay.address;
}

/** A rule or a global address is that of this server, not of another machine. */
function isOfThisServer({ name }: Level): boolean {
  return name === 'destination-rule' || name === 'global';
}

function hostOf({ parts }: Level): string | undefined {
  return parts?.host === undefined ? undefined : canonicalHost(parts.host);
}
