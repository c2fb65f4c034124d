import type { OwnAddresses, OwnAnswer, RouteUri } from '../../advertise/own-addresses.ts';
import { ROUTE_TAG_PARAM } from '../../advertise/route-tag.ts';
import type { Listener } from '../../net/listener.ts';
import { transportName } from '../../net/transport-name.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { NameAddr } from '../../wire/sip/name-addr.ts';
import { Uri } from '../../wire/sip/uri.ts';

/** At most this many Route values are looked at; a longer route set is not routed. */
const MOST_ROUTES = 64;

/** What the Route headers of a request come to (RFC 3261 §16.4). */
export interface LooseRoute {
  /**
   * `none`: no Route at all. `own-only`: a preloaded route set that named only this server. `routed`: a route set was
   * followed. `malformed`: a Route cannot be read.
   */
  readonly kind: 'none' | 'own-only' | 'routed' | 'malformed';
  /** Where the request goes now; the received one, or what a strict router's rules put there. */
  readonly requestUri: string;
  /** The Route values that go out, topmost first. */
  readonly routes: readonly string[];
  /** How many of the received ones are taken off the top. */
  readonly dropped: number;
  /** Whether a strict router's rules changed the rest too, so that {@link routes} must be written anew. */
  readonly rewritten: boolean;
  /** Whether the topmost Route (or a strict router's Request-URI) was this server's own. */
  readonly own: boolean;
  /** The URI parameters of the topmost own Route, from the first `;` on, or ''. */
  readonly params: string;
  /** The socket that the other half of a pair names: the request must leave by it. */
  readonly listener: Listener | undefined;
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
  const transport = uri.param('transport');
  if (transport !== undefined && transportName(transport) === undefined && !uri.param(ROUTE_TAG_PARAM)) {
    return { own: false };
  }
  return own.recogniseRoute(routeUri(uri));
}

/** Reads the route set of a request; changes nothing. */
export function looseRoute(request: SipMessage, own: OwnAddresses): LooseRoute {
  const elements = request.elements(H.Route);
  if (elements.length === 0) return unrouted(request, 'none');
  if (elements.length > MOST_ROUTES) return unrouted(request, 'malformed');
  const routes: NameAddr[] = [];
  for (const element of elements) {
    const route = NameAddr.parse(element.text);
    if (route?.uri === undefined) return unrouted(request, 'malformed');
    routes.push(route);
  }
  const walk = new RouteWalk(request, own, routes);
  const inDialog = request.to?.tag !== undefined;
  if (inDialog) {
    const target = Uri.parse(request.requestUri);
    const answer = recogniseUri(target, own);
    // RFC 3261 §16.4: our own Record-Route in the Request-URI was put there by a strict router before us. A GRUU is
    // a target even where it names us.
    if (answer.own && isRouteLike(target, answer) && target?.param('gr') === undefined) {
      return walk.afterStrict(target as Uri, answer);
    }
  }
  return walk.afterLoose(!inDialog);
}

/** An address-of-record of ours is own as well; only what we print into Record-Route means a strict router. */
function isRouteLike(uri: Uri | undefined, answer: OwnAnswer): boolean {
  return answer.how === 'tag' || uri?.user === undefined;
}

class RouteWalk {
  readonly #request: SipMessage;
  readonly #own: OwnAddresses;
  readonly #routes: NameAddr[];
  #requestUri: string;
  #dropped = 0;
  #rewritten = false;

  constructor(request: SipMessage, own: OwnAddresses, routes: NameAddr[]) {
    this.#request = request;
    this.#own = own;
    this.#routes = routes;
    this.#requestUri = request.requestUri;
  }

  afterLoose(preloaded: boolean): LooseRoute {
    const top = this.#routes[0]!;
    const answer = recogniseUri(top.uri, this.#own);
    if (!answer.own) return this.#leave({ own: false, params: '', listener: undefined });
    this.#drop();
    const params = top.uri!.params;
    let listener: Listener | undefined;
    if (top.uri!.param('r2') !== undefined && this.#routes.length > 0) listener = this.#takeOtherHalf();
    if (this.#routes.length === 0 && preloaded) {
      return { ...unrouted(this.#request, 'own-only'), dropped: this.#dropped, own: true, params };
    }
    return this.#leave({ own: true, params, listener });
  }

  afterStrict(target: Uri, answer: OwnAnswer): LooseRoute {
    let listener: Listener | undefined = answer.listener;
    const first = this.#routes[0]!;
    if (first.uri!.param('r2') !== undefined) {
      const other = recogniseUri(first.uri, this.#own);
      if (other.own) {
        this.#drop();
        listener = other.listener ?? listener;
      }
    }
    // The true target stands last (RFC 3261 §16.4); a loose next hop stays where it is.
    this.#rewritten = true;
    if (this.#routes.length > 0 && isLoose(this.#routes[0]!)) {
      this.#requestUri = this.#routes.pop()!.uriText;
    } else if (this.#routes.length > 0) {
      this.#requestUri = this.#routes.shift()!.uriText;
    }
    return this.#result({ own: true, params: target.params, listener });
  }

  /** The second half of a pair of ours names the socket to leave by; a foreign Route behind an r2 stays. */
  #takeOtherHalf(): Listener | undefined {
    const answer = recogniseUri(this.#routes[0]!.uri, this.#own);
    if (!answer.own) return undefined;
    this.#drop();
    return answer.listener;
  }

  #leave(found: { own: boolean; params: string; listener: Listener | undefined }): LooseRoute {
    const next = this.#routes[0];
    if (next && !isLoose(next)) {
      // RFC 3261 §16.6 item 6: a strict router wants itself in the Request-URI, the target last.
      this.#rewritten = true;
      this.#routes.shift();
      this.#routes.push(new NameAddr('', this.#requestUri, ''));
      this.#requestUri = next.uriText;
    }
    return this.#result(found);
  }

  #result(found: { own: boolean; params: string; listener: Listener | undefined }): LooseRoute {
    return {
      kind: 'routed',
      requestUri: this.#requestUri,
      routes: this.#routes.map((route) => route.toString()),
      dropped: this.#dropped,
      rewritten: this.#rewritten,
      ...found,
    };
  }

  #drop(): void {
    this.#routes.shift();
    this.#dropped++;
  }
}

function isLoose(route: NameAddr): boolean {
  return route.uri?.param('lr') !== undefined;
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
  };
}
