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
import { forwardedRequest, logUnwritable } from './forwarded-request.ts';
import { dressContacts, type Overrides, printLegs } from './legs.ts';
import { loopHash } from './loop-hash.ts';
import type { LooseRoute } from './loose-route.ts';
import { maxBreadth } from './max-breadth.ts';
import { type Hop, nextHops } from './next-hop.ts';
import { type OutgoingRoute, outgoingRoute } from './outgoing-route.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
import { needsSecureWay, requestUriFor } from './sips.ts';
import type { Target } from './target.ts';

const MARK = `${MAGIC_COOKIE}-st-`;

/** Forwards a request to its first next hop and keeps nothing (RFC 3261 §16.11): every ACK of a 2xx goes so. */
export function forwardStateless(
  message: SipMessage,
  flow: Flow,
  target: Target,
  route: LooseRoute,
  env: ProxyEnvironment,
): void {
  const outgoing = outgoingRoute(requestUriFor(target, message), target.route, route);
  const secure = outgoing.secure || needsSecureWay(target, message);
  const led = routeFlow(route.flowToken, target, flow, env);
  if (typeof led === 'number' || (led && secure && !isSecure(led.transport))) return;
  const bySource = outgoing.routes.length === 0;
  const hops = led
    ? [flowHop(led)]
    : nextHops(
        {
          requestUri: outgoing.requestUri,
          secure,
          request: message,
          routes: outgoing.strict ? [] : outgoing.routes,
          source: bySource ? target.source : undefined,
          connectionId: bySource ? target.connectionId : 0,
          registrant: target.binding?.received.address,
          seed: message.callId,
          received: flow.listener,
          forced:
            env.network.listeners.find((listener) => listener.name === target.listener) ?? route.listener,
        },
        env,
      );
  const send = (found: readonly Hop[]) => {
    if (found.length === 0) return;
    try {
      sendTo(found[0]!, message, flow, outgoing, route.overrides, env);
    } catch (fault) {
      logUnwritable(message, fault);
    }
  };
  if (hops instanceof Promise) hops.then(send);
  else send(hops);
}

function sendTo(
  hop: Hop,
  message: SipMessage,
  flow: Flow,
  route: OutgoingRoute,
  overrides: Overrides,
  env: ProxyEnvironment,
): void {
  const { listener } = hop;
  const out = hop.flow ?? env.network.flowTo(listener, hop.destination);
  const via = message.topVia;
  if (!out || !via) return;
  const legs = printLegs(flow, hop, overrides, env);
  const topVia = receivedVia(via, flow, false);
  // Nobody answers an ACK, so its branch need not vouch for anything.
  const branch =
    message.method === 'ACK' ? `${MARK}${loopHash(message, env.loopSalt)}` : statelessBranch(topVia, env);
  const edit = forwardedRequest({
    request: message,
    via: viaText(listener.transport, legs.via.printed, branch),
    topVia,
    // Only an answer needs the Vias below; an ACK has none.
    hideVias: legs.inbound.hidden && message.method === 'ACK',
    recordRoute: [],
    route,
    path: [],
    maxBreadth: maxBreadth(message, env.settings.maxBreadth),
    stream: isReliable(listener.transport),
  });
  dressContacts(edit, flow, legs, env);
  env.layer.sendStateless(edit.toBuffer(), out);
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
