import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { Hop } from './next-hop.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';

/**
 * Says that a hop did not take a request, so that others of its name go before it for a while. A connection that was
 * given is no choice, nor is a place without others: those stay out of quarantine.
 */
export function hopFailed(hop: Hop, ofMany: boolean, reason: string, env: ProxyEnvironment): void {
  if (ofMany && !hop.flow && !hop.looped) env.quarantine.failed(hop.destination, reason);
}

/** Notes what a hop answered: 503 with Retry-After asks for quarantine (RFC 3261 §21.5.4), all else ends it. */
export function hopAnswered(hop: Hop, ofMany: boolean, response: SipMessage, env: ProxyEnvironment): void {
  const retryAfter = response.status === 503 ? response.get(H.RetryAfter) : undefined;
  const seconds = retryAfter === undefined ? Number.NaN : Number.parseInt(retryAfter, 10);
  if (!(seconds > 0)) env.quarantine.heard(hop.destination);
  else if (ofMany && !hop.flow && !hop.looped) {
    env.quarantine.failed(hop.destination, `503, retry after ${seconds} s`, seconds * 1000);
  }
}
