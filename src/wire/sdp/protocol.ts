/** Transports of media that a relay can carry as they are, datagram for datagram (RFC 8866 §8.2.2, RFC 5764, RFC 4572). */
const RELAYED: ReadonlySet<string> = new Set([
  'udp',
  'udptl',
  'rtp/avp',
  'rtp/avpf',
  'rtp/savp',
  'rtp/savpf',
  'udp/bfcp',
  'udp/tls/rtp/savp',
  'udp/tls/rtp/savpf',
  'dccp/rtp/savp',
  'dccp/rtp/savpf',
  'tls/rtp/savp',
  'tls/rtp/savpf',
]);

/** Whether a relay of datagrams carries media of that protocol, as an `m=` line writes it. */
export function isRelayedProtocol(protocol: string): boolean {
  return RELAYED.has(protocol.toLowerCase());
}
