import { canonicalHost } from '../../base/ip.ts';
import type { Via } from './via.ts';

/** The host to which responses for that Via go (RFC 3261 §18.2.2): maddr, else received, else sent-by. */
export function responseHost(via: Via): string {
  return via.maddr ?? via.received ?? via.host;
}

/** Whether responses for that Via would go to a broadcast, multicast or unspecified address. */
export function isBroadcast(via: Via): boolean {
  const host = canonicalHost(responseHost(via));
  if (host.indexOf(':') >= 0) return host === '::' || host.startsWith('ff');
  if (host === '255.255.255.255' || host === '0.0.0.0') return true;
  const dot = host.indexOf('.');
  const first = dot < 0 ? 0 : Number(host.slice(0, dot)) | 0;
  return first >= 224 && first <= 239;
}
