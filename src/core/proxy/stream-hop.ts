import type { Hop } from './next-hop.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';

/**
 * The same place over TCP, for a request that is too large for a datagram: in pieces it would not pass many NATs, and
 * nothing would slow it down where the way is full (RFC 3261 §18.1.1).
 * @returns undefined where no TCP socket stands beside the one that was to send, or TCP has failed there lately
 */
export function streamHop(
  { listener, destination, looped, flow }: Hop,
  env: ProxyEnvironment,
): Hop | undefined {
  if (destination.transport !== 'udp' || looped || flow) return undefined;
  const { listeners } = env.network;
  const beside = listeners.filter((it) => it.transport === 'tcp' && it.address === listener.address);
  const sender = beside.find((it) => it.port === listener.port) ?? beside[0];
  const stream = { ...destination, transport: 'tcp' as const };
  if (!sender || env.quarantine.get(stream)) return undefined;
  return { listener: sender, destination: stream, looped: false, flow: undefined };
}
