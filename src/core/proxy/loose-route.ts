import type { OwnAddresses, OwnAnswer } from '../../advertise/own-addresses.ts';
import { ROUTE_TAG_PARAM } from '../../advertise/route-tag.ts';
import type { AddressParts, Listener } from '../../net/listener.ts';
import { transportName } from '../../net/transport-name.ts';
import type { HeaderElement } from '../../wire/sip/header-element.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
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

const FOREIGN: OwnAnswer = Object.freeze({ own: false });

/** Whether the URI leads to this server. */
export function recogniseUri(uri: Uri | undefined, own: OwnAddresses): OwnAnswer {
  if (uri === undefined || uri.kind !== 'sip') return FOREIGN;
  const named = uri.param('transport');
  const transport = named === undefined ? undefined : transportName(named);
  const tag = uri.param(ROUTE_TAG_PARAM);
  // A transport that nobody knows makes a Route foreign (OpenSIPS #957 is the opposite mistake).
  if (named !== undefined && transport === undefined && !tag) return FOREIGN;
  const host = uri.param('maddr') || uri.host;
  return own.recogniseRouteParts(host, uri.port, transport, uri.scheme === 'sips', tag);
}

/** Reads the route set of a request; changes nothing. */
export function looseRoute(request: SipMessage, own: OwnAddresses): LooseRoute {
  const elements = request.elements(H.Route);
  if (elements.length === 0) return unrouted(request, 'none');
  if (elements.length > MOST_ROUTES) return unrouted(request, 'malformed');
  for (let i = 0; i < elements.length; i++) {
    if (elements[i]!.address?.uri === undefined) return unrouted(request, 'malformed');
  }
  const walk = new RouteWalk(request, own, elements);
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
  /** Addresses with a URI, all of them. */
  readonly #routes: readonly HeaderElement[];
  /** How many stand before the first that is left, and how many before the first that is not. */
  #dropped = 0;
  #end: number;
  /** Our own Routes: the half of the sender's leg, and that of the next hop's. */
  #inbound: Uri | undefined = undefined;
  #outbound: Uri | undefined = undefined;

  constructor(request: SipMessage, own: OwnAddresses, routes: readonly HeaderElement[]) {
    this.#request = request;
    this.#own = own;
    this.#routes = routes;
    this.#end = routes.length;
  }

  afterLoose(preloaded: boolean): LooseRoute {
    const top = this.#first;
    const answer = recogniseUri(top, this.#own);
    if (!answer.own) return this.#result(this.#request.requestUri, false, '', undefined);
    this.#drop();
    const { params } = top;
    let listener: Listener | undefined;
    if (top.param('r2') !== undefined && this.#dropped < this.#end) listener = this.#takeOtherHalf();
    if (this.#dropped === this.#end && preloaded) return this.#nothingLeft(params, tokenOf(this.#outbound));
    return this.#result(this.#request.requestUri, true, params, listener);
  }

  afterStrict(target: Uri, answer: OwnAnswer): LooseRoute {
    let listener: Listener | undefined = answer.listener;
    this.#inbound = target;
    this.#outbound = target;
    const first = this.#first;
    if (first.param('r2') !== undefined) {
      const other = recogniseUri(first, this.#own);
      if (other.own) {
        this.#drop();
        listener = other.listener ?? listener;
      }
    }
    if (this.#dropped === this.#end) return this.#nothingLeft(target.params, undefined);
    // The true target stands last (RFC 3261 §16.4).
    const last = this.#routes[--this.#end]!.address!.uriText;
    return this.#result(last, true, target.params, listener);
  }

  get #first(): Uri {
    return this.#routes[this.#dropped]!.address!.uri!;
  }

  /** The second half of a pair of ours names the socket to leave by; a foreign Route behind an r2 stays. */
  #takeOtherHalf(): Listener | undefined {
    const answer = recogniseUri(this.#first, this.#own);
    if (!answer.own) return undefined;
    this.#drop();
    return answer.listener;
  }

  /** @param requestUri the received one, or what a strict router's rules say */
  #result(requestUri: string, own: boolean, params: string, listener: Listener | undefined): LooseRoute {
    return {
      kind: 'routed',
      requestUri,
      routes: this.#left,
      dropped: this.#dropped,
      rewritten: this.#end < this.#routes.length,
      own,
      params,
      listener,
      overrides: this.#overrides,
      flowToken: tokenOf(this.#outbound),
    };
  }

  #nothingLeft(params: string, flowToken: string | undefined): LooseRoute {
    const { requestUri } = this.#request;
    return {
      kind: 'own-only',
      requestUri,
      routes: NO_ROUTES,
      dropped: this.#dropped,
      rewritten: false,
      own: true,
      params,
      listener: undefined,
      overrides: NO_OVERRIDES,
      flowToken,
    };
  }

  get #left(): readonly string[] {
    if (this.#dropped === this.#end) return NO_ROUTES;
    return this.#routes.slice(this.#dropped, this.#end).map(({ address }) => address!.toString());
  }

  #drop(): void {
    const uri = this.#first;
    this.#dropped++;
    this.#inbound ??= uri;
    this.#outbound = uri;
  }

  get #overrides(): Overrides {
    const inbound = this.#overrideOf(this.#inbound);
    const outbound = this.#outbound === this.#inbound ? inbound : this.#overrideOf(this.#outbound);
    return inbound === undefined && outbound === undefined ? NO_OVERRIDES : { inbound, outbound };
  }

  #overrideOf(uri: Uri | undefined): AddressParts | undefined {
    if (uri?.param(OVERRIDE_PARAM) === undefined) return undefined;
    const { host, port } = uri;
    // The sender could have written any address here: only one that was truly printed is printed again.
    if (!this.#own.recogniseParts(host, port, undefined, undefined).own) return undefined;
    return port === undefined ? { host } : { host, port };
  }
}

const NO_ROUTES: readonly string[] = Object.freeze([]);
const NO_OVERRIDES: Overrides = Object.freeze({ inbound: undefined, outbound: undefined });

function unrouted({ requestUri }: SipMessage, kind: 'none' | 'malformed'): LooseRoute {
  return {
    kind,
    requestUri,
    routes: NO_ROUTES,
    dropped: 0,
    rewritten: false,
    own: false,
    params: '',
    listener: undefined,
    overrides: NO_OVERRIDES,
    flowToken: undefined,
  };
}

/** Only what we have printed, which bears our tag, has a token for its user part. */
function tokenOf(uri: Uri | undefined): string | undefined {
  return uri?.user !== undefined && uri.param(ROUTE_TAG_PARAM) !== undefined ? uri.user : undefined;
}
