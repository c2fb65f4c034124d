import type { NetworkInterfaceInfo } from 'node:os';
import { bracket, Cidr, canonicalHost, type IpFamily, ipFamily } from '../base/ip.ts';
import type { ListenSpec } from './listen-spec.ts';
import { type AddressParts, type Listener, listenerName } from './listener.ts';
import type { TlsSettings } from './tls-settings.ts';
import { isSecure } from './transport-name.ts';

/** What `os.networkInterfaces()` returns. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

export type ExpansionResult =
  | { readonly ok: true; readonly listeners: readonly Listener[] }
  | { readonly ok: false; readonly message: string; readonly hint: string };

const LINK_LOCAL = Cidr.parse('fe80::/10')!;

/**
 * The concrete listeners of a `listen` line: one for each address and port. `0.0.0.0` stands for every IPv4 address
 * of the machine, `::` for every IPv6 one, `*` for both, an interface name for the addresses of that interface; IPv6
 * link-local addresses are left out. Each listener keeps the `as` part (OpenSIPS #1837); of several, those whose address
 * family the printed address is not of do without: nobody who reaches them could use it.
 * @param tls for the transports that need it
 */
export function expandListenSpec(
  spec: ListenSpec,
  interfaces: Interfaces,
  tls?: TlsSettings,
): ExpansionResult {
  const addresses = addressesOf(spec.host, interfaces);
  if (addresses.length === 0) {
    const known = Object.keys(interfaces).join(', ');
    return {
      ok: false,
      message: `"${spec.host}" is neither an address nor an interface of this machine that has one`,
      hint: `give an address, 0.0.0.0, [::], *, or one of the interfaces ${known}`,
    };
  }
  const listeners: Listener[] = [];
  for (const address of addresses) {
    for (const [i, port] of spec.ports.entries()) {
      listeners.push({
        name: nameOf(spec, address, port, addresses.length > 1),
        transport: spec.transport,
        address,
        port,
        family: ipFamily(address) as IpFamily,
        advertised:
          addresses.length > 1 && isOfOtherFamily(spec, address) ? undefined : advertisedOf(spec, i),
        tls: isSecure(spec.transport) ? tls : undefined,
      });
    }
  }
  return { ok: true, listeners };
}

function addressesOf(host: string, interfaces: Interfaces): string[] {
  if (host === '*') return machineAddresses(interfaces, () => true);
  const family = ipFamily(host);
  if (family === 0) return machineAddresses({ [host]: interfaces[host] }, () => true);
  const address = canonicalHost(host);
  if (address === '0.0.0.0' || address === '::') {
    return machineAddresses(interfaces, (candidate) => ipFamily(candidate) === family);
  }
  return [address];
}

function machineAddresses(interfaces: Interfaces, wanted: (address: string) => boolean): string[] {
  const found = new Set<string>();
  for (const entries of Object.values(interfaces)) {
    for (const { address } of entries ?? []) {
      if (ipFamily(address) !== 0 && wanted(address) && !LINK_LOCAL.contains(address)) {
        found.add(canonicalHost(address));
      }
    }
  }
  return [...found];
}

/** A symbolic name that stands for several listeners gets whatever tells them apart. */
function nameOf(spec: ListenSpec, address: string, port: number, severalAddresses: boolean): string {
  if (spec.name === undefined) return listenerName(spec.transport, address, port);
  const byAddress = severalAddresses ? `${spec.name}-${bracket(address)}` : spec.name;
  return spec.ports.length > 1 ? `${byAddress}:${port}` : byAddress;
}

function isOfOtherFamily({ advertisedHost = '' }: ListenSpec, address: string): boolean {
  const printed = ipFamily(advertisedHost);
  return printed !== 0 && printed !== ipFamily(address);
}

function advertisedOf(spec: ListenSpec, index: number): AddressParts | undefined {
  const host = spec.advertisedHost;
  const port = spec.advertisedPorts?.[index];
  if (host === undefined && port === undefined) return undefined;
  return { ...(host !== undefined && { host }), ...(port !== undefined && { port }) };
}
