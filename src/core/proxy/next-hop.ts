import { ipFamily } from '../../base/ip.ts';
import type { Flow } from '../../net/flow.ts';
import type { Listener } from '../../net/listener.ts';
import type { Destination } from '../../net/network.ts';
import type { ResolvedTarget } from '../../net/resolver.ts';
import { selectListener } from '../../net/select-listener.ts';
import { isSecure, transportName } from '../../net/transport-name.ts';
import { waysOf } from '../../net/ways.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { NameAddr } from '../../wire/sip/name-addr.ts';
import { Uri } from '../../wire/sip/uri.ts';
import type { MaybePromise, Source } from '../registrar/location-store.ts';
import { recogniseUri } from './loose-route.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
import { isSips } from './sips.ts';

/** One way to send a request. */
export interface Hop {
  readonly listener: Listener;
  readonly destination: Destination;
  /** Whether the destination is a socket of this server: the request comes in again. */
  readonly looped: boolean;
  /** The connection to use; undefined lets the network find or open one. */
  readonly flow: Flow | undefined;
}

export interface HopQuestion {
  readonly requestUri: string;
  /** Whether only TLS and WSS will do; by default where the Request-URI is a `sips` one. */
  readonly secure?: boolean;
  /** The request that it was made from, which has mostly read that URI already. */
  readonly request?: SipMessage;
  /** A URI to send to whatever else is said, as a script names one. */
  readonly nextHop?: string | undefined;
  /** Route values that the request will carry, topmost first. */
  readonly routes: readonly string[];
  /** Where to send instead of resolving the Request-URI; a Route goes before it. */
  readonly source: Source | undefined;
  readonly connectionId: number;
  /** The Call-ID: requests of one call go to the same one of several equal servers. */
  readonly seed?: string;
  /** The message whose Call-ID it is where none is given, which is read only where it is needed. */
  readonly call?: SipMessage;
  /** The address that the binding was registered from, where the target is one. */
  readonly registrant?: string | undefined;
  /** The listener that received the request: it sends too where it can. */
  readonly received: Listener;
  /** The listener that must send, by a Record-Route pair, a binding or the script; its transport overrides the URI's. */
  readonly forced: Listener | undefined;
}

/**
 * Where a request goes, most preferred first (RFC 3261 §16.6 items 6 and 7, RFC 3263): the next hop that a script names,
 * else the open connection of its flow, else its first Route, else the source of its binding, else its Request-URI. Empty
 * where nothing leads there; a request with a `sips` Request-URI is led over TLS alone, hop by hop (RFC 3261 §26.2.2).
 */
export function nextHops(question: HopQuestion, env: ProxyEnvironment): MaybePromise<readonly Hop[]> {
  const { routes, source, connectionId, forced, nextHop } = question;
  const direct = routes.length === 0 && nextHop === undefined;
  if (connectionId !== 0 && direct) {
    const flow = env.network.connection(connectionId);
    if (flow) {
      if (tlsOnly(question) && !isSecure(flow.transport)) return [];
      const destination = {
        transport: flow.transport,
        address: flow.remoteAddress,
        port: flow.remotePort,
      };
      return [{ listener: flow.listener, destination, looped: false, flow }];
    }
  }
  if (direct && source) return hopsTo([asSpoken(source, question)], question, env);
  const uri = nextHopUri(question);
  if (uri?.kind !== 'sip') return [];
  const own = recogniseUri(uri, env.advertise.own);
  if (own.own && own.listener) return hopsTo([boundDestination(own.listener)], question, env);
  const named = uri.param('transport');
  const transport = forced?.transport ?? transportName(named ?? '');
  // A transport that is not ours to speak leads nowhere; another one would be a guess.
  if (named !== undefined && transport === undefined) return [];
  const host = uri.param('maddr') || uri.host;
  const resolution = env.resolver.resolveTarget({
    host,
    secure: (uri.scheme === 'sips' && forced === undefined) || tlsOnly(question),
    ways: waysOf(env.network.listeners),
    // Of an address there are no equal servers to choose from.
    seed: ipFamily(host) === 0 ? (question.seed ?? question.call?.callId) : undefined,
    port: uri.port,
    transport,
  });
  if (resolution instanceof Promise) return resolution.then((found) => hopsTo(found, question, env));
  return hopsTo(resolution, question, env);
}

function nextHopUri({ nextHop, routes, request, requestUri }: HopQuestion): Uri | undefined {
  if (nextHop !== undefined) return Uri.parse(nextHop);
  if (routes.length > 0) return NameAddr.parse(routes[0]!)?.uri;
  return request === undefined ? Uri.parse(requestUri) : request.parseUri(requestUri);
}

/** RFC 7118 §5.5 has Contacts say `transport=ws` over TLS too: which it is, the socket tells. */
function asSpoken(source: Source, { forced, received }: HopQuestion): Source {
  const overTls = source.transport === 'ws' && (forced ?? received).transport === 'wss';
  return overTls ? { ...source, transport: 'wss' } : source;
}

function tlsOnly({ secure, requestUri }: HopQuestion): boolean {
  return secure ?? isSips(requestUri);
}

function hopsTo(
  found: readonly (ResolvedTarget | Destination)[],
  question: HopQuestion,
  env: ProxyEnvironment,
): readonly Hop[] {
  const secure = tlsOnly(question);
  const { networks } = env.advertise;
  // Whoever registers from outside has no say over the inside, be it by Contact, maddr, Path or a name of his own DNS:
  // what trusts this server there would take his calls.
  const fenced = question.registrant !== undefined && !networks.isSheltered(question.registrant);
  let hops: Hop[] | undefined;
  for (const resolved of env.quarantine.order(found)) {
    const socket = ownSocket(resolved, env);
    if (fenced && !socket && networks.isSheltered(resolved.address)) continue;
    const destination = socket ? boundDestination(socket) : resolved;
    if (secure && !isSecure(destination.transport)) continue;
    const listener = listenerFor(destination, question, env);
    if (!listener) continue;
    const hop: Hop = { listener, destination, looped: socket !== undefined, flow: undefined };
    // Written so, and not pushed to an empty one, an array has room for what it holds and no more.
    if (hops === undefined) hops = [hop];
    else hops.push(hop);
  }
  return hops ?? [];
}

/**
 * The socket that a next hop leads to. A public address of this server is never sent into the NAT, which would lose
 * the request or send it back as a stranger's.
 */
function ownSocket({ address, port, transport }: Destination, env: ProxyEnvironment): Listener | undefined {
  return env.advertise.own.recogniseParts(address, port, transport, undefined).listener;
}

function boundDestination(listener: Listener): Destination {
  return { transport: listener.transport, address: listener.address, port: listener.port };
}

function listenerFor(
  destination: Destination,
  question: HopQuestion,
  env: ProxyEnvironment,
): Listener | undefined {
  const { forced, received } = question;
  if (forced && selectListener([forced], destination)) return forced;
  return selectListener(env.network.listeners, destination, received, env.subnets);
}
