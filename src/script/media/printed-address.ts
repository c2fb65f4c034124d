import type { Advertise } from '../../advertise/advertise.ts';
import type { Level } from '../../advertise/precedence.ts';
import { canonicalHost, ipFamily } from '../../base/ip.ts';
import type { RelayedAddress } from '../../media/control/media-control.ts';
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
  const { family, local } = relay;
  // A relay that tells no address is where its neighbour is, as far as anybody can know.
  const bound = relay.address ?? listener.address;
  const as = relay.advertised === undefined ? local && listener.advertised : { host: relay.advertised };
  const socket: Listener = { ...listener, address: bound, family, advertised: as || undefined };
  const levels = advertise.policy.levels({ listener: socket, destination, override, place: 'contact' });
  for (const level of levels) {
    const host = hostOf(level);
    if (host === undefined || ipFamily(host) !== family) continue;
    if (local || host === bound || !isOfThisServer(level)) return host;
  }
  return bound;
}

/** A rule or a global address is that of this server, not of another machine. */
function isOfThisServer({ name }: Level): boolean {
  return name === 'destination-rule' || name === 'global';
}

function hostOf({ parts }: Level): string | undefined {
  return parts?.host === undefined ? undefined : canonicalHost(parts.host);
}
