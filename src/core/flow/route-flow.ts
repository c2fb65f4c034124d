import type { Flow } from '../../net/flow.ts';
import { isReliable } from '../../net/transport-name.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { Hop } from '../proxy/next-hop.ts';
import type { Target } from '../proxy/target.ts';
import { type FlowEnvironment, findFlow } from './flow-token.ts';

/** Why a request that names a flow cannot leave by it (RFC 5626 §5.3.1): 430 where it is gone, 403 for no token of ours. */
export type FlowRefusal = 430 | 403;

/**
 * The flow that a token in our own Route has a request leave by. A target that knows its own way goes before it: one that
 * the location service or a script found, and one inside a dialog whose user agent has told of another address since.
 * @returns undefined where the token says nothing: there is none, or the request came in by that very flow
 */
export function routeFlow(
  token: string | undefined,
  target: Target,
  received: Flow,
  env: FlowEnvironment,
): Flow | FlowRefusal | undefined {
  if (token === undefined || target.binding || target.route.length > 0) return undefined;
  const found = findFlow(token, env);
  if (!found) return 403;
  const { source } = target;
  if (source && (source.address !== found.address || source.port !== found.port)) return undefined;
  if (!found.flow) return 430;
  return isSameFlow(found.flow, received) ? undefined : found.flow;
}

/** The hop that a flow is. */
export function flowHop(flow: Flow): Hop {
  const { listener, transport, remoteAddress: address, remotePort: port } = flow;
  return { listener, destination: { transport, address, port }, looped: false, flow };
}

/** Whether a contact was registered by a flow that is gone: nobody answers where its connection came from. */
export function isFlowGone({ binding, connectionId }: Target, env: FlowEnvironment): boolean {
  if (!binding || binding.regId === 0 || binding.path.length > 0) return false;
  return isReliable(binding.received.transport) && env.network.connection(connectionId) === undefined;
}

/**
 * Whether the sender wants to be reached by the flow that the request came on (RFC 5626 §4.3), and it is the user agent
 * itself that has sent it here.
 */
export function wantsFlow(request: SipMessage): boolean {
  const contact = request.topElement(H.Contact);
  if (contact === undefined || contact.text.indexOf(';ob') < 0) return false;
  return contact.address?.uri?.param('ob') !== undefined && isFirstHop(request);
}

/** Whether nobody stands between the sender and this server (RFC 5626 §5.1). */
export function isFirstHop(request: SipMessage): boolean {
  return request.has(H.Via) && !request.hasSeveral(H.Via);
}

/** Whether a REGISTER asks for a flow: by a reg-id, and by saying that it knows what that means (RFC 5626 §4.2.1). */
export function asksForFlow(request: SipMessage): boolean {
  const contact = request.topElement(H.Contact);
  if (contact === undefined || contact.address?.param('reg-id') === undefined) return false;
  return request.elements(H.Supported).some(({ text }) => text.toLowerCase() === 'outbound');
}

function isSameFlow(one: Flow, other: Flow): boolean {
  if (one.connectionId > 0 || other.connectionId > 0) return one.connectionId === other.connectionId;
  return (
    one.listener.name === other.listener.name &&
    one.remoteAddress === other.remoteAddress &&
    one.remotePort === other.remotePort
  );
}
