import { formatHostPort, type IpFamily } from '../base/ip.ts';
import type { TlsSettings } from './tls-settings.ts';
import type { TransportName } from './transport-name.ts';

/** What an `as` part gives: a host, a port, or both; as written, brackets taken off. */
export interface AddressParts {
  readonly host?: string;
  readonly port?: number;
}

/** A socket that is bound and receives: one address, one port, one transport. */
export interface Listener {
  /**
   * The symbolic name: the configured one, else `udp:10.0.0.34:5060`. Stored bindings, tags and forced sockets name a
   * listener by it, so that they outlive a change of address.
   */
  readonly name: string;
  readonly transport: TransportName;
  /** The bound IP address, canonical, without brackets; never a wildcard. */
  readonly address: string;
  /** The bound port. */
  readonly port: number;
  readonly family: IpFamily;
  /** The `as` part, where the configuration gives one. */
  readonly advertised: AddressParts | undefined;
  /** What `tls` and `wss` listeners need. */
  readonly tls?: TlsSettings | undefined;
}

/** The name of a listener that was given none: `udp:10.0.0.34:5060`, IPv6 bracketed. */
export function listenerName(transport: TransportName, address: string, port: number): string {
  return `${transport}:${formatHostPort(address, port)}`;
}
