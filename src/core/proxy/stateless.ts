import { createHmac } from 'node:crypto';
import { canonicalHost } from '../../base/ip.ts';
import type { Flow } from '../../net/flow.ts';
import type { Destination } from '../../net/network.ts';
import { selectListener } from '../../net/select-listener.ts';
import { defaultPort, isReliable, transportName } from '../../net/transport-name.ts';
import { receivedVia } from '../../transaction/response-route.ts';
import { MessageEdit } from '../../wire/sip/edit.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { MAGIC_COOKIE, Via, viaText } from '../../wire/sip/via.ts';
import { crossesOutward } from '../topology/border.ts';
import { forwardedRequest } from './forwarded-request.ts';
import type { LooseRoute } from './loose-route.ts';
import { type Hop, nextHops } from './next-hop.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
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
  const hops = nextHops(
    {
      requestUri: target.uri,
      routes: [...target.route, ...route.routes],
      source: target.source,
      connectionId: target.connectionId,
      received: flow.listener,
      forced: env.network.listeners.find((listener) => listener.name === target.listener) ?? route.listener,
    },
    env,
  );
  const send = (found: readonly Hop[]) => {
    if (found.length > 0) sendTo(found[0]!, message, flow, target, route, env);
  };
  if (hops instanceof Promise) hops.then(send);
  else send(hops);
}

function sendTo(
  hop: Hop,
  message: SipMessage,
  flow: Flow,
  target: Target,
  route: LooseRoute,
  env: ProxyEnvironment,
): void {
  const { listener, destination } = hop;
  const out = hop.flow ?? env.network.flowTo(listener, destination);
  const via = message.topVia;
  if (!out || !via) return;
  const printed = env.advertise.printed({ listener, destination: destination.address });
  const topVia = receivedVia(via, flow, false);
  // Only an answer needs the Vias below; an ACK has none.
  const hideVias =
    env.settings.hideInside &&
    message.method === 'ACK' &&
    crossesOutward(env.advertise, flow.remoteAddress, flow.listener, destination.address, printed);
  const edit = forwardedRequest({
    request: message,
    requestUri: target.uri,
    via: viaText(listener.transport, printed.printed, statelessBranch(topVia, env)),
    topVia,
    hideVias,
    recordRoute: [],
    route,
    path: [],
    preset: target.route,
    maxBreadth: undefined,
    stream: isReliable(listener.transport),
  });
  env.layer.sendStateless(edit.toBuffer(), out);
}

/**
 * The same request gets the same branch (RFC 3261 §16.11), and the branch vouches for the Via below, so that nobody can
 * have answers sent to an address of his choice.
 */
function statelessBranch(below: string, env: ProxyEnvironment): string {
  return `${MARK}${createHmac('sha256', env.loopSalt).update(below).digest('base64url').slice(0, 16)}`;
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
