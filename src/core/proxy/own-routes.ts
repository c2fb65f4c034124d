import type { Flow } from '../../net/flow.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { flowToken } from '../flow/flow-token.ts';
import { asksForFlow, isFirstHop, wantsFlow } from '../flow/route-flow.ts';
import type { PathWish } from './fork-options.ts';
import type { Legs, Overrides } from './legs.ts';
import type { Hop } from './next-hop.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
import { type RecordRoute, recordRoute } from './record-route.ts';

/** A request on its way: where it came from. */
interface Passing {
  readonly request: SipMessage;
  readonly flow: Flow;
}

/**
 * The Record-Route of a request that makes a dialog. Parties that are reached by a flow find its token in their half
 * (RFC 5626 §5.3): a caller whose Contact says `ob`, and a callee that was reached so.
 * @param out the flow that the callee is reached by; undefined where any will do
 * @param options.secure whether it goes out for a `sips` URI (RFC 3261 §16.6 item 4)
 */
export function dialogRoute(
  { request, flow }: Passing,
  { inbound, outbound }: Pick<Legs, 'inbound' | 'outbound'>,
  out: Flow | undefined,
  options: { readonly params: string | undefined; readonly secure: boolean },
  env: ProxyEnvironment,
): RecordRoute {
  return recordRoute(
    env.advertise.tags,
    wantsFlow(request) ? { ...inbound, flowToken: flowToken(flow, env) } : inbound,
    out ? { ...outbound, flowToken: flowToken(out, env) } : outbound,
    { ...options, fromTag: request.fromTag, callId: request.callId },
  );
}

/**
 * The Path of a REGISTER: as Record-Route, with the same two halves (RFC 3327 §5.2). What a registrar keeps needs no From
 * tag, but the token of the flow that leads to its client, which it cannot know otherwise (RFC 5626 §5.1).
 */
export function registerPath(
  { request, flow }: Passing,
  { inbound, outbound }: Legs,
  hop: Hop,
  overrides: Overrides,
  secure: boolean,
  wish: PathWish,
  env: ProxyEnvironment,
): readonly string[] {
  const { advertise } = env;
  const { user, params } = wish;
  const back = advertise.printed({
    listener: flow.listener,
    destination: flow.remoteAddress,
    override: overrides.inbound,
    place: 'path-in',
  });
  const out = advertise.printed({
    listener: hop.listener,
    destination: hop.destination.address,
    override: overrides.outbound,
    place: 'path-out',
  });
  const first = isFirstHop(request);
  const halves = recordRoute(
    advertise.tags,
    { ...inbound, printed: back, flowToken: user ?? (first ? flowToken(flow, env) : undefined), params },
    { ...outbound, printed: out, flowToken: user },
    { params: first && asksForFlow(request) ? ';ob' : '', oneWay: true, secure },
  );
  return halves.forCallee;
}
