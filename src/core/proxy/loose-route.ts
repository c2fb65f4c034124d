import type { OwnAddresses, OwnAnswer, RouteUri } from '../../advertise/own-addresses.ts';
import { ROUTE_TAG_PARAM } from '../../advertise/route-tag.ts';
import type { AddressParts, Listener } from '../../net/listener.ts';
import { transportName } from '../../net/transport-name.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { NameAddr } from '../../wire/sip/name-addr.ts';
import type { Uri } from '../../wire/sip/uri.ts';
import { HIDDEN_CONTACT_PARAM } from '../topology/border.ts';
import type { Overrides } from './legs.ts';
import { OVERRIDE_PARAM } from './record-route.ts';

/** At most this many Route values are looked at; a longer route set is not routed. */
const MOST_ROUTES = 64;

/** What the Route headers of a request come to (RFC 3261 §16.4). */
export interface LooseRoute {
  /**
   * `none`: no Route at all. `own-only`: a route set that named only this server and no target. `routed`: a route set was
   * followed. `malformed`: a Route cannot be read.
   */
  readonly kind: 'none' | 'own-only' | 'routed' | 'malformed';
  /** The target: the received Request-URI, or what a strict router before us had put last among the Routes. */
  readonly requestUri: string;
  /** The Route values that remain, topmost first. */
  readonly routes: readonly string[];
  /** How many of the received ones are taken off the top. */
  readonly dropped: number;
  /** Whether the target was taken from the Routes, so that {@link routes} must be written anew. */
  readonly rewritten: boolean;
  /** Whether the topmost Route (or a strict router's Request-URI) was this server's own. */
  readonly own: boolean;
  /** The URI parameters of the topmost own Route, from the first `;` on, or ''. */
  readonly params: string;
  /** The socket that the other half of a pair names: the request must leave by it. */
  readonly listener: Listener | undefined;
  /** What a script had each leg of this dialog print, read from our own Routes. */
  readonly overrides: Overrides;
  /** The token of the flow that our own Route of the next hop's side names (RFC 5626 §5.3), not verified yet. */
  readonly flowToken: string | undefined;
}

/** Tells for a URI of a Route or Request-URI what {@link OwnAddresses.recogniseRoute} asks. */
export function routeUri(uri: Uri): RouteUri {
  const transport = uri.param('transport');
  return {
    host: uri.host,
    port: uri.port,
    // A transport that nobody knows makes a Route foreign (OpenSIPS #957 is the opposite mistake).
    transport: transport === undefined ? undefined : transportName(transport),
    maddr: uri.param('maddr') || undefined,
    secure: uri.scheme === 'sips',
    tag: uri.param(ROUTE_TAG_PARAM),
  };
}

/** Whether the URI leads to this server. */
export function recogniseUri(uri: Uri | undefined, own: OwnAddresses): OwnAnswer {
  if (uri === undefined || uri.kind !== 'sip') return { own: false };
  const route = routeUri(uri);
  if (route.transport === undefined && !route.tag && uri.param('transport') !== undefined) {
    return { own: false };
  }
  return own.recogniseRoute(route);
}

/** Reads the route set of a request; changes nothing. */
export function looseRoute(request: SipMessage, own: OwnAddresses): LooseRoute {
  const elements = request.elements(H.Route);
  if (elements.length === 0) return unrouted(request, 'none');
  if (elements.length > MOST_ROUTES) return unrouted(request, 'malformed');
  const routes: NameAddr[] = [];
  for (const element of elements) {
    const route = element.address;
    if (route?.uri === undefined) return unrouted(request, 'malformed');
    routes.push(route);
  }
  const walk = new RouteWalk(request, own, routes);
  const inDialog = request.hasToTag;
  if (inDialog) {
    const target = request.uri;
    const answer = recogniseUri(target, own);
    // RFC 3261 §16.4: our own Record-Route in the Request-URI was put there by a strict router before us.
    if (target && answer.own && isRouteLike(target, answer)) return walk.afterStrict(target, answer);
  }
  return walk.afterLoose(!inDialog);
}

/**
 * An address-of-record of ours is own as well, a GRUU too, and the Contact of a hidden user agent; only what we print
 * into Record-Route means a strict router.
 */
function isRouteLike(uri: Uri, answer: OwnAnswer): boolean {
  if (uri.param('gr') !== undefined || uri.param(HIDDEN_CONTACT_PARAM) !== undefined) return false;
  return answer.how === 'tag' || uri.user === undefined;
}

class RouteWalk {
  readonly #request: SipMessage;
  readonly #own: OwnAddresses;
  readonly #routes: NameAddr[];
  #dropped = 0;
  /** Our own Routes: the half of the sender's leg, and that of the next hop's. */
  #inbound: Uri | undefined;
  #outbound: Uri | undefined;

  constructor(request: SipMessage, own: OwnAddresses, routes: NameAddr[]) {
    this.#request = request;
    this.#own = own;
    this.#routes = routes;
  }

  afterLoose(preloaded: boolean): LooseRoute {
    const top = this.#routes[0]!;
    const answer = recogniseUri(top.uri, this.#own);
    if (!answer.own) return this.#result({ own: false, params: '', listener: undefined });
    this.#drop();
    const params = top.uri!.params;
    let listener: Listener | undefined;
    if (top.uri!.param('r2') !== undefined && this.#routes.length > 0) listener = this.#takeOtherHalf();
    if (this.#routes.length === 0 && preloaded) {
      const flowToken = tokenOf(this.#outbound);
      return { ...unrouted(this.#request, 'own-only'), dropped: this.#dropped, own: true, params, flowToken };
    }
    return this.#result({ own: true, params, listener });
  }

  afterStrict(target: Uri, answer: OwnAnswer): LooseRoute {
    let listener: Listener | undefined = answer.listener;
    this.#inbound = target;
    this.#outbound = target;
    const first = this.#routes[0]!;
    if (first.uri!.param('r2') !== undefined) {
      const other = recogniseUri(first.uri, this.#own);
      if (other.own) {
        this.#drop();
        listener = other.listener ?? listener;
      }
    }
    const { params } = target;
    // The true target stands last (RFC 3261 §16.4).
    const last = this.#routes.pop();
    if (!last) return { ...unrouted(this.#request, 'own-only'), dropped: this.#dropped, own: true, params };
    return this.#result({ own: true, params, listener }, last.uriText);
  }

  /** The second half of a pair of ours names the socket to leave by; a foreign Route behind an r2 stays. */
  #takeOtherHalf(): Listener | undefined {
    const answer = recogniseUri(this.#routes[0]!.uri, this.#own);
    if (!answer.own) return undefined;
    this.#drop();
    return answer.listener;
  }

  /** @param target where a strict router's rules say so */
  #result(
    found: { own: boolean; params: string; listener: Listener | undefined },
    target?: string,
  ): LooseRoute {
    return {
      kind: 'routed',
      requestUri: target ?? this.#request.requestUri,
      routes: this.#routes.map((route) => route.toString()),
      dropped: this.#dropped,
      rewritten: target !== undefined,
      overrides: { inbound: this.#overrideOf(this.#inbound), outbound: this.#overrideOf(this.#outbound) },
      flowToken: tokenOf(this.#outbound),
      ...found,
    };
  }

  #drop(): void {
    const { uri } = this.#routes.shift()!;
    this.#dropped++;
    this.#inbound ??= uri;
    this.#outbound = uri;
  }

  #overrideOf(uri: Uri | undefined): AddressParts | undefined {
    if (uri?.param(OVERRIDE_PARAM) === undefined) return undefined;
    const { host, port } = uri;
    // The sender could have written any address here: only one that was truly printed is printed again.
    if (!this.#own.recognise({ host, port }).own) return undefined;
    return port === undefined ? { host } : { host, port };
  }
}

function unrouted(request: SipMessage, kind: 'none' | 'own-only' | 'malformed'): LooseRoute {
  return {
    kind,
    requestUri: request.requestUri,
    routes: [],
    dropped: 0,
    rewritten: false,
    own: false,
    params: '',
    listener: undefined,
    overrides: { inbound: undefined, outbound: undefined },
    flowToken: undefined,
  };
}

/** Only what we have printed, which bears our tag, has a token for its user part. */
function tokenOf(uri: Uri | undefined): string | undefined {
  return uri?.user !== undefined && uri.param(ROUTE_TAG_PARAM) !== undefined ? uri.user : undefined;
}
