import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { isFirstHop, wantsFlow } from '../flow/route-flow.ts';
import { answersFromBehindNat } from '../nat/forwarded-contact.ts';
import { isBehindNat } from '../nat/nat-test.ts';
import type { ReplyView } from '../proxy/fork-options.ts';
import { DialogLeg, type LegWay } from './dialog-leg.ts';

/** The leg of whoever sends the INVITE that makes a dialog (RFC 3261 §12.1.1); undefined where it has no From tag. */
export function callerLeg({ request, flow }: ServerTransaction): DialogLeg | undefined {
  const tag = request.fromTag;
  if (tag === undefined) return undefined;
  return new DialogLeg({
    side: 'caller',
    tag,
    local: request.get(H.From)!,
    remote: request.get(H.To) ?? '',
    routes: request.elements(H.RecordRoute).map(({ text }) => text),
    listener: flow.listener.name,
    override: undefined,
    ...wayToSender({ request, flow }),
  });
}

/**
 * The leg of whoever has answered it (RFC 3261 §12.1.2); undefined where the answer has no To tag.
 * @param sent the INVITE as it was sent there
 */
export function calleeLeg(reply: ReplyView, sent: SipMessage | undefined): DialogLeg | undefined {
  const { response, sender } = reply;
  const tag = response.toTag;
  if (tag === undefined) return undefined;
  // What stands above our own Record-Route, and those that it came with, lies between here and the callee.
  const recorded = response.elements(H.RecordRoute);
  const below = sent?.elements(H.RecordRoute).length ?? 0;
  const above = recorded.slice(0, Math.max(0, recorded.length - below));
  return new DialogLeg({
    side: 'callee',
    tag,
    local: response.get(H.To)!,
    remote: response.get(H.From) ?? '',
    routes: above.map(({ text }) => text).reverse(),
    listener: sender.listener.name,
    override: sender.override,
    ...wayToAnswerer(reply, above.length === 0),
  });
}

/** How whoever sent a request is reached. */
export function wayToSender({ request, flow }: Pick<ServerTransaction, 'request' | 'flow'>): LegWay {
  const { transport, remoteAddress: address, remotePort: port, connectionId } = flow;
  return {
    target: contactOf(request),
    source: isBehindNat(request, flow) || wantsFlow(request) ? { transport, address, port } : undefined,
    connectionId: isFirstHop(request) ? connectionId : 0,
  };
}

/**
 * How whoever wrote an answer is reached.
 * @param alone no proxy between has recorded its route
 */
export function wayToAnswerer({ response, branch }: ReplyView, alone: boolean): LegWay {
  const { hop, flow, target } = branch;
  const direct = alone && branch.direct && hop !== undefined && !hop.looped;
  const way = { target: contactOf(response), source: undefined, connectionId: 0 };
  if (!direct) return way;
  const { transport, address, port } = hop.destination;
  const seen = { transport, address, port };
  const byFlow = target.binding !== undefined && target.binding.regId > 0;
  const natted = answersFromBehindNat(response, seen, target.source !== undefined);
  return { ...way, source: byFlow || natted ? seen : undefined, connectionId: flow?.connectionId ?? 0 };
}

function contactOf(message: SipMessage): string {
  return message.topElement(H.Contact)?.address?.uriText ?? '';
}
