import { canonicalHost } from '../../base/ip.ts';
import type { Flow } from '../../net/flow.ts';
import type { Destination } from '../../net/network.ts';
import { selectListener } from '../../net/select-listener.ts';
import { defaultPort, isReliable, isSecure, transportName } from '../../net/transport-name.ts';
import { receivedVia } from '../../transaction/response-route.ts';
import { MessageEdit } from '../../wire/sip/edit.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { MAGIC_COOKIE, Via, viaText } from '../../wire/sip/via.ts';
import { flowHop, routeFlow } from '../flow/route-flow.ts';
import { BranchDraft, transactionOverride } from './branch-draft.ts';
import type { StatelessOptions } from './fork-options.ts';
import { forwardedRequest, logUnwritable } from './forwarded-request.ts';
import { runHook, whenDone } from './hook.ts';
import { type Legs, printLegs } from './legs.ts';
import { loopHash } from './loop-hash.ts';
import type { LooseRoute } from './loose-route.ts';
import { maxBreadth } from './max-breadth.ts';
import type { Hop } from './next-hop.ts';
import { type OutgoingRoute, outgoingRoute } from './outgoing-route.ts';
import { dialogRoute } from './own-routes.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
import { needsSecureWay } from './sips.ts';
import type { Target } from './target.ts';
import { finishRequest } from './written-request.ts';

const MARK = `${MAGIC_COOKIE}-st-`;

/** How many requests may wait for their hooks at once; each is the ACK of a 2xx, which is sent again. */
const MOST_WAITING = 10_000;

/** Forwards requests to their first next hop and keeps nothing (RFC 3261 §16.11): every ACK of a 2xx goes so. */
export class StatelessForwarder {
  readonly #env: ProxyEnvironment;
  #waiting = 0;

  constructor(env: ProxyEnvironment) {
    this.#env = env;
  }

  forward(
    message: SipMessage,
    flow: Flow,
    target: Target,
    route: LooseRoute,
    options: StatelessOptions,
  ): void {
    const { counters } = this.#env.layer;
    const draft = new BranchDraft(0, message, target, route, options, options.recordRoute ?? false);
    if (options.onBranch && this.#waiting >= MOST_WAITING) {
      counters.sendFailures++;
      return;
    }
    const waiting = runHook(options.onBranch, draft, counters);
    if (!waiting) {
      this.#lead(draft, flow, route, options);
      return;
    }
    this.#waiting++;
    whenDone(waiting, this.#env.wheel, counters, () => {
      this.#waiting--;
      this.#lead(draft, flow, route, options);
    });
  }

  #lead(draft: BranchDraft, flow: Flow, route: LooseRoute, options: StatelessOptions): void {
    if (draft.dropped !== 0) return;
    const { target, request: message } = draft;
    const outgoing = outgoingRoute(draft.requestUri, target.route, route);
    const secure = outgoing.secure || needsSecureWay(target, message);
    const token = draft.nextHop === undefined ? route.flowToken : undefined;
    const led = routeFlow(token, target, flow, this.#env);
    if (typeof led === 'number' || (led && secure && !isSecure(led.transport))) return;
    const hops = led ? [flowHop(led)] : draft.hops(outgoing, secure, route, flow, this.#env);
    const send = (found: readonly Hop[]) => {
      if (found.length === 0) return;
      try {
        this.#send(found[0]!, draft, flow, outgoing, route, options);
      } catch (fault) {
        logUnwritable(message, fault);
      }
    };
    if (hops instanceof Promise) hops.then(send);
    else send(hops);
  }

  #send(
    hop: Hop,
    draft: BranchDraft,
    flow: Flow,
    outgoing: OutgoingRoute,
    route: LooseRoute,
    options: StatelessOptions,
  ): void {
    const env = this.#env;
    const { request: message } = draft;
    const { listener } = hop;
    const out = hop.flow ?? env.network.flowTo(listener, hop.destination);
    const via = message.topVia;
    if (!out || !via) return;
    const inbound = transactionOverride(options) ?? route.overrides.inbound;
    const legs = printLegs(flow, hop, { inbound, outbound: draft.advertise }, env);
    const topVia = receivedVia(via, flow, false);
    // Nobody answers an ACK, so its branch need not vouch for anything.
    const viaBranch =
      message.method === 'ACK' ? `${MARK}${loopHash(message, env.loopSalt)}` : statelessBranch(topVia, env);
    const edit = forwardedRequest({
      request: message,
      via: viaText(listener.transport, legs.via.printed, viaBranch),
      topVia,
      // Only an answer needs the Vias below; an ACK has none.
      hideVias: legs.inbound.hidden && message.method === 'ACK',
      recordRoute: draft.recordRoute ? openRoute(message, flow, legs, options, outgoing.secure, env) : [],
      route: outgoing,
      path: [],
      maxBreadth: maxBreadth(message, env.settings.maxBreadth),
      stream: isReliable(listener.transport),
    });
    env.layer.sendStateless(finishRequest(edit, draft, options, flow, hop, legs, viaBranch, env), out);
  }
}

/** Record-Route values that nobody reads again in the answers: so each party sees both as the one that is to use them. */
function openRoute(
  request: SipMessage,
  flow: Flow,
  { inbound, outbound }: Legs,
  options: StatelessOptions,
  secure: boolean,
  env: ProxyEnvironment,
): readonly string[] {
  if (options.recordRoutePreset) return options.recordRoutePreset;
  const open = { inbound: { ...inbound, hidden: false }, outbound: { ...outbound, hidden: false } };
  const params = options.recordRouteParams;
  return dialogRoute({ request, flow }, open, undefined, { params, secure }, env).forCallee;
}

/**
 * The same request gets the same branch (RFC 3261 §16.11), and the branch vouches for the Via below, so that nobody can
 * have answers sent to an address of his choice.
 */
function statelessBranch(below: string, env: ProxyEnvironment): string {
  return `${MARK}${env.advertise.tags.proofOfVia(below)}`;
}

/**
 * Passes on the answer to a request that was forwarded without a transaction: our Via comes off, and the one below says
 * where it goes (RFC 3261 §16.11, §18.1.2).
 * @returns false where it is none of ours
 */
export function forwardStrayResponse(response: SipMessage, flow: Flow, env: ProxyEnvironment): boolean {
  const [top, below] = response.elements(H.Via);
  const ours = top && Via.parse(top.text);
  const next = below && Via.parse(below.text);
  if (!ours || !next || !ours.branch.startsWith(MARK)) return false;
  if (ours.branch !== statelessBranch(below.text, env)) return false;
  const destination = responseDestination(next);
  const listener =
    destination && selectListener(env.network.listeners, destination, flow.listener, env.subnets);
  const back = destination && listener && env.network.flowTo(listener, destination);
  if (!back) return false;
  const edit = new MessageEdit(response).removeTopElements(H.Via, 1);
  if (isReliable(destination.transport)) edit.ensureContentLength();
  return env.layer.sendStateless(edit.toBuffer(), back);
}

/** RFC 3261 §18.2.2 and RFC 3581 §4; a name in sent-by is not looked up, for received always stands beside one. */
function responseDestination(via: Via): Destination | undefined {
  const transport = transportName(via.transport);
  if (transport === undefined) return undefined;
  const port = Number(via.rport || via.port || defaultPort(transport));
  return { transport, address: canonicalHost(via.received || via.host), port };
}
