/** The transports of RFC 3261 and RFC 7118, as they are written in configuration and `transport=` parameters. */
export type TransportName = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

export const TRANSPORT_NAMES: readonly TransportName[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];

/** @returns the transport that a token of a Via, a `transport=` parameter or a listener names, in any case */
export function transportName(text: string): TransportName | undefined {
  // Longer names there are none: no text is made of those that cannot be one.
  if (text.length < 2 || text.length > 3) return undefined;
  switch (text.toLowerCase()) {
    case 'udp':
      return 'udp';
    case 'tcp':
      return 'tcp';
    case 'tls':
      return 'tls';
    case 'ws':
      return 'ws';
    case 'wss':
      return 'wss';
    default:
      return undefined;
  }
}

/** RFC 3261 §19.1.2, RFC 7118 §5.5 (WebSocket hosts without a port use the ports of HTTP). */
export function defaultPort(transport: TransportName): number {
  switch (transport) {
    case 'udp':
    case 'tcp':
      return 5060;
    case 'tls':
      return 5061;
    case 'ws':
      return 80;
    case 'wss':
      return 443;
  }
}

/** Whether the transport delivers in order without loss, so that no message is sent twice (RFC 3261 §17). */
export function isReliable(transport: TransportName): boolean {
  return transport !== 'udp';
}

export function isSecure(transport: TransportName): boolean {
  return transport === 'tls' || transport === 'wss';
}
