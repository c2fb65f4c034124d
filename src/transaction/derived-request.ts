import { Flaw } from '../wire/sip/flaw.ts';
import { H } from '../wire/sip/header-name.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import { parseMessage } from '../wire/sip/parse.ts';

/**
 * The ACK of a negative answer (RFC 3261 §17.1.1.3): Request-URI, top Via, Route, From and Call-ID of the INVITE, To of
 * the answer.
 * @param invite as it was sent
 * @returns undefined where the INVITE cannot be read
 */
export function negativeAck(invite: Buffer, response: SipMessage): Buffer | undefined {
  // A line that some would take for two must not get into a request of ours.
  const to = (response.flaws & Flaw.StrayControl) === 0 ? response.get(H.To) : undefined;
  return derive(invite, 'ACK', to, '');
}

/**
 * The CANCEL of an INVITE (RFC 3261 §9.1).
 * @param reason the value of a Reason header (RFC 3326), checked
 * @returns undefined where the INVITE cannot be read
 */
export function cancelRequest(invite: Buffer, reason: string | undefined): Buffer | undefined {
  const line = reason === undefined ? '' : `Reason: ${reason}\r\n`;
  return derive(invite, 'CANCEL', undefined, line);
}

function derive(bytes: Buffer, method: string, to: string | undefined, more: string): Buffer | undefined {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) return undefined;
  const invite = parsed.message;
  const via = invite.topElement(H.Via);
  const cseq = invite.cseq;
  if (!via || !cseq) return undefined;
  const head =
    `${method} ${invite.requestUri} SIP/2.0\r\nVia: ${via.text}\r\n` +
    `${invite.rawLines(H.Route)}Max-Forwards: 70\r\n${invite.rawLines(H.From)}` +
    `${to === undefined ? invite.rawLines(H.To) : `To: ${to}\r\n`}${invite.rawLines(H.CallId)}` +
    `CSeq: ${cseq.number} ${method}\r\n${more}Content-Length: 0\r\n\r\n`;
  return Buffer.from(head, 'latin1');
}
