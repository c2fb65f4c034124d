import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import { buildResponse } from '../../wire/sip/build.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { Branch } from './branch.ts';

/**
 * Tells a caller that asked for it that the early dialogs of a branch are over, while the final answer waits for the
 * other branches (RFC 6228 §6).
 */
export function earlyDialogEnded(branch: Branch, status: number, transaction: ServerTransaction): void {
  const { request, topVia } = transaction;
  if (!branch.earlyTags || request.method !== 'INVITE' || !wants199(request)) return;
  for (const toTag of branch.earlyTags) {
    const headers = [[H.Reason, `SIP;cause=${status}`]] as const;
    transaction.forward(buildResponse(request, { status: 199, toTag, headers, topVia }), 199);
  }
}

/** A caller that demands reliable provisional answers gets none from a proxy, which cannot send them. */
function wants199(request: SipMessage): boolean {
  const lists = (header: number, option: string) =>
    request.elements(header).some((element) => element.text.toLowerCase() === option);
  return lists(H.Supported, '199') && !lists(H.Require, '100rel');
}
