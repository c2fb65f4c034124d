import type { Advertise } from '../../advertise/advertise.ts';
import { canonicalHost } from '../../base/ip.ts';
import { defaultPort } from '../../net/transport-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { type RestoredUri, restoredUri } from '../nat/contact-fix.ts';
import type { Source } from '../registrar/location-store.ts';
import { revealContact } from '../topology/border.ts';
import { type LooseRoute, looseRoute } from './loose-route.ts';
import type { Target } from './target.ts';

export type SequentialTarget =
  | { readonly ok: true; readonly target: Target; readonly route: LooseRoute }
  | { readonly ok: false; readonly status: number; readonly reason: string };

const NO_ROUTE: readonly string[] = Object.freeze([]);

/**
 * Where a request inside a dialog goes: by its route set, with a Contact that this server had rewritten led back to the
 * true one. A request that no Route of ours brought here is none of ours to forward.
 */
export function sequentialTarget(request: SipMessage, advertise: Advertise): SequentialTarget {
  const route = looseRoute(request, advertise.own);
  if (route.kind === 'malformed') return { ok: false, status: 400, reason: 'Bad Route' };
  const uri = request.parseUri(route.requestUri);
  if (!uri) return { ok: false, status: 400, reason: 'Bad Request-URI' };
  const revealed = revealContact(uri, advertise);
  if (route.kind === 'own-only' || (!route.own && !revealed)) {
    return route.kind !== 'routed'
      ? { ok: false, status: 481, reason: 'Call/Transaction Does Not Exist' }
      : { ok: false, status: 403, reason: 'Route Is Not Ours' };
  }
  const found = revealed ?? uri;
  // Where other proxies follow, the one next to the user agent restores what it had fixed.
  const restored = route.routes.length === 0 ? restoredUri(found) : undefined;
  const target: Target = {
    uri: restored?.uri ?? found.toString(),
    route: NO_ROUTE,
    q: 1000,
    source: restored && sourceOf(restored),
    listener: undefined,
    connectionId: 0,
    instance: '',
  };
  return { ok: true, target, route };
}

function sourceOf({ destination }: RestoredUri): Source {
  const transport = destination.transport ?? 'udp';
  return {
    transport,
    address: canonicalHost(destination.host),
    port: destination.port ?? defaultPort(transport),
  };
}
