import { canonicalHost, formatHostPort } from '../../../base/ip.ts';
import type { Listener } from '../../../net/listener.ts';
import { transportName } from '../../../net/transport-name.ts';
import { parseHostPort } from '../../../wire/sip/host-port.ts';

/**
 * Finds one of the server's own sockets by what a script writes: `udp:10.0.0.34:5060`, with the bound or the advertised
 * address and port, or its tag. Where no port is written, any will do.
 */
export function socketNamed(text: string, listeners: readonly Listener[]): Listener | undefined {
  const tagged = listeners.find(({ name }) => name === text);
  if (tagged) return tagged;
  const colon = text.indexOf(':');
  const transport = colon < 0 ? undefined : transportName(text.slice(0, colon).toLowerCase());
  const where = parseHostPort(transport === undefined ? text : text.slice(colon + 1));
  if (where === undefined) return undefined;
  const host = canonicalHost(where.host);
  return listeners.find((listener) => {
    if (transport !== undefined && listener.transport !== transport) return false;
    const { advertised } = listener;
    const hosts = [listener.address, canonicalHost(advertised?.host ?? listener.address)];
    const ports = [listener.port, advertised?.port ?? listener.port];
    return hosts.includes(host) && (where.port === undefined || ports.includes(where.port));
  });
}

/** `udp:10.0.0.34:5060`, as `$socket_in` has it. */
export function socketText({ transport, address, port }: Listener): string {
  return `${transport}:${formatHostPort(address, port)}`;
}
