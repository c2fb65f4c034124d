import type { Networks } from '../../advertise/networks.ts';
import { canonicalHost, ipFamily } from '../../base/ip.ts';
import type { Target } from '../../core/proxy/target.ts';
import { NameAddr } from '../../wire/sip/name-addr.ts';
import { Uri } from '../../wire/sip/uri.ts';
import type { Described } from './described.ts';

/** Which calls go through a relay: all, those whose parties may not reach each other, none. */
export type AnchorPolicy = 'always' | 'nat' | 'never';

/** What is known of the callee before the call is forwarded. */
export interface Callee {
  /** IP address that it is reached by; undefined where nobody knows. */
  readonly address: string | undefined;
  /** Whether its registration came from behind a NAT. */
  readonly natted: boolean;
}

/**
 * Whether the two parties of a call cannot be trusted to reach each other: one is behind a NAT, they are in different
 * networks or of different families, or nobody knows where the callee is.
 * @param source the address that the caller's message came from
 */
export function needsRelay(
  caller: Described,
  source: string,
  { address, natted }: Callee,
  networks: Networks,
): boolean {
  if (address === undefined || ipFamily(address) !== ipFamily(source)) return true;
  if (natted || caller.addresses.some((it) => it !== source)) return true;
  return networks.classOf(address).inside !== networks.classOf(source).inside;
}

/** The IP address that a target is reached by first, where it stands there already. */
export function addressOf({ source, nextHop, route, uri }: Target): string | undefined {
  const [first] = route;
  const found =
    nextHop !== undefined ? Uri.parse(nextHop) : first === undefined ? undefined : NameAddr.parse(first)?.uri;
  if (found === undefined && source !== undefined) return source.address;
  const host = (found ?? Uri.parse(uri))?.host;
  return host === undefined || ipFamily(host) === 0 ? undefined : canonicalHost(host);
}
