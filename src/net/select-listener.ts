import { Cidr, type IpFamily, ipFamily } from '../base/ip.ts';
import type { Interfaces } from './expand-listen-spec.ts';
import type { Listener } from './listener.ts';
import type { TransportName } from './transport-name.ts';

/** The subnet behind each address of the machine, by canonical address. */
export type Subnets = ReadonlyMap<string, Cidr>;

/** Reads the subnets from `os.networkInterfaces()`. */
export function subnetsOf(interfaces: Interfaces): Subnets {
  const subnets = new Map<string, Cidr>();
  for (const entries of Object.values(interfaces)) {
    for (const { address, cidr } of entries ?? []) {
      const subnet = cidr === null ? undefined : Cidr.parse(cidr);
      if (subnet) subnets.set(address, subnet);
    }
  }
  return subnets;
}

/**
 * The listener to send from: the one that the request came in on where it can reach the destination, else the one
 * whose subnet holds the destination, else the first that is no loopback, else any that fits. What fits has the
 * transport and the address family, and is no loopback unless the destination is.
 */
export function selectListener(
  listeners: readonly Listener[],
  destination: { readonly transport: TransportName; readonly address: string },
  received?: Listener,
  subnets?: Subnets,
): Listener | undefined {
  const { transport, address } = destination;
  const family = ipFamily(address);
  if (family === 0) return undefined;
  const toLoopback = isLoopback(address);
  if (received && fits(received, transport, family, toLoopback)) return received;
  let chosen: Listener | undefined;
  for (const listener of listeners) {
    if (!fits(listener, transport, family, toLoopback)) continue;
    if (subnets?.get(listener.address)?.contains(address)) return listener;
    if (!chosen || (isLoopback(chosen.address) && !isLoopback(listener.address))) chosen = listener;
  }
  return chosen;
}

function fits(listener: Listener, transport: TransportName, family: IpFamily, toLoopback: boolean): boolean {
  return (
    listener.transport === transport &&
    listener.family === family &&
    (toLoopback || !isLoopback(listener.address))
  );
}

/** For canonical addresses only, which makes it cheap. */
function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
