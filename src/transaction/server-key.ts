import type { SipMessage } from '../wire/sip/message.ts';
import { MAGIC_COOKIE, type Via } from '../wire/sip/via.ts';

/**
 * What identifies a server transaction (RFC 3261 §17.2.3): method, sent-by and branch; without the magic cookie the
 * fields by which RFC 2543 matched, in a form that no key of the first kind can take.
 * @param method that of the transaction: INVITE for an ACK, and for a CANCEL where the INVITE is looked for
 */
export function serverKey(message: SipMessage, via: Via, method: string): string {
  if (via.branch.length > MAGIC_COOKIE.length && via.branch.startsWith(MAGIC_COOKIE)) {
    return `${method} ${via.host.toLowerCase()}:${via.port ?? ''} ${via.branch}`;
  }
  return (
    ` ${method} ${message.requestUri} ${message.cseq?.number ?? ''} ${message.from?.tag ?? ''} ` +
    `${message.callId} ${via.toString()}`
  );
}
