import { canonicalHost, ipFamily } from '../../base/ip.ts';
import type { Via } from './via.ts';

/** The host to which responses for that Via go (RFC 3261 §18.2.2): maddr, else received, else sent-by. */
export function responseHost(via: Via): string {
  return via.maddr ?? via.received ?? via.host;
}

/** Whether responses for that Via would go to a broadcast, multicast or unspecified address. */
export function isBroadcast(via: Via): boolean {
  const host = canonicalHost(responseHost(via));
  const family = ipFamily(host);
  if (family === 6) return host === '::' || host.startsWith('ff');
  if (family !== 4) return false;
  const first = Number(host.slice(0, host.indexOf('.')));
  return host === '255.255.255.255' || host === '0.0.0.0' || (first >= 224 && first <= 239);
}
