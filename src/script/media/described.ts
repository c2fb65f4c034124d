import type { Networks } from '../../advertise/networks.ts';
import { canonicalHost, type IpFamily, ipFamily } from '../../base/ip.ts';
import { isNullAddress } from '../../wire/sdp/connection.ts';
import { SessionDescription } from '../../wire/sdp/session-description.ts';

/** What a session description says of where its party is. */
export interface Described {
  /** Of the first medium that is wanted; undefined where none has an address. */
  readonly family: IpFamily | undefined;
  /** The addresses at which media are wanted, each once; held media have none. */
  readonly addresses: readonly string[];
  /** A browser's: its media find their way by ICE and DTLS alone (RFC 8827 §6.5), and no relay of datagrams stands in it. */
  readonly byIceAlone: boolean;
}

const NOTHING: Described = { family: undefined, addresses: [], byIceAlone: false };

export function described(sdp: string): Described {
  const parsed = SessionDescription.parse(sdp);
  if (!parsed.ok) return NOTHING;
  const { session } = parsed;
  const media = session.media.filter(({ port }) => port !== 0);
  const connections = media.flatMap(({ connection }) => connection ?? []);
  const addresses = connections.map(({ address }) => canonicalHost(address));
  const hasIce = session.attributes.has('ice-ufrag');
  return {
    family: connections[0]?.family,
    addresses: [...new Set(addresses)].filter(
      (address) => ipFamily(address) !== 0 && !isNullAddress(address),
    ),
    byIceAlone:
      media.length > 0 &&
      media.every(
        ({ protocol, attributes }) =>
          protocol.toUpperCase().startsWith('UDP/TLS/') && (hasIce || attributes.has('ice-ufrag')),
      ),
  };
}

/**
 * Whether media go where the description says, and not to where its message came from: all addresses can be reached
 * from here. One on private ground written by somebody who is not means a NAT between, or somebody who wants packets sent
 * to the machines inside.
 */
export function isReachable({ addresses }: Described, source: string, networks: Networks): boolean {
  const sheltered = networks.isSheltered(source);
  return addresses.every(
    (address) =>
      address === source ||
      (isLoopback(address) ? isLoopback(source) : sheltered || !networks.isSheltered(address)),
  );
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
