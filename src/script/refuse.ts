import type { Advertise } from '../advertise/advertise.ts';
import { channels } from '../base/channels.ts';
import type { Refusal } from '../core/front-door/front-door.ts';
import { warningValue } from '../core/front-door/warning.ts';
import type { Flow } from '../net/flow.ts';
import type { TransactionLayer } from '../transaction/transaction-layer.ts';
import type { HeaderEntry } from '../wire/sip/build.ts';
import { H } from '../wire/sip/header-name.ts';
import type { SipMessage } from '../wire/sip/message.ts';

/** Turns a request away as the front door says: with an answer that nothing is kept of, or without a word. */
export function refuse(
  message: SipMessage,
  flow: Flow,
  refusal: Refusal,
  layer: TransactionLayer,
  advertise: Advertise,
): void {
  publishRefused(refusal.reason, flow);
  if (refusal.kind === 'drop') return;
  const { status, reason } = refusal;
  const warning = warningValue(advertise, flow, reason);
  const headers: HeaderEntry[] = [...refusal.headers, [H.Warning, warning]];
  layer.replyStateless(message, flow, { status, reason, headers });
}

export function publishRefused(reason: string, { transport, remoteAddress, remotePort }: Flow): void {
  if (!channels.refused.hasSubscribers) return;
  channels.refused.publish({ reason, transport, remote: `${remoteAddress} ${remotePort}` });
}
