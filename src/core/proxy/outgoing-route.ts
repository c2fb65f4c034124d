import { NameAddr } from '../../wire/sip/name-addr.ts';
import type { LooseRoute } from './loose-route.ts';
import { isSips } from './sips.ts';

/** Request-URI and Route values as they go out (RFC 3261 §16.6 items 2 and 6). */
export interface OutgoingRoute {
  readonly requestUri: string;
  /** All Route values, topmost first. */
  readonly routes: readonly string[];
  /** The next hop is a strict router: the request goes by its Request-URI, whatever Routes it has (§16.6 item 7). */
  readonly strict: boolean;
  /** How many received values are taken off the top; undefined where all are written anew. */
  readonly dropped: number | undefined;
  /** How many of {@link routes} were not received; they stand above the others. */
  readonly added: number;
  /** Whether the Request-URI or the topmost Route is a `sips` URI (RFC 3261 §16.6 item 4). */
  readonly secure: boolean;
}

/** What a request that is made here has of Routes: none was received. */
const NOTHING_RECEIVED: ReceivedRoute = { routes: [], rewritten: true, dropped: 0 };

type ReceivedRoute = Pick<LooseRoute, 'routes' | 'rewritten' | 'dropped'>;

/** @param preset Route values of the target, to be followed before the received ones */
export function outgoingRoute(
  uri: string,
  preset: readonly string[],
  route: ReceivedRoute = NOTHING_RECEIVED,
): OutgoingRoute {
  const routes = preset.length === 0 ? route.routes : [...preset, ...route.routes];
  const first = routes.length === 0 ? undefined : NameAddr.parse(routes[0]!);
  if (first?.uri && first.uri.param('lr') === undefined) {
    // A strict router wants itself in the Request-URI, and the target last.
    const rest = [...routes.slice(1), new NameAddr('', uri, '').toString()];
    const secure = isSips(first.uriText) || isSips(uri);
    return { requestUri: first.uriText, routes: rest, strict: true, dropped: undefined, added: 0, secure };
  }
  const dropped = route.rewritten ? undefined : route.dropped;
  const secure = isSips(uri) || first?.uri?.scheme === 'sips';
  return { requestUri: uri, routes, strict: false, dropped, added: preset.length, secure };
}
