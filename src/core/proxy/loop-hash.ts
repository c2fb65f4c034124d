import { H, type HeaderId } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';

const HASHED: readonly HeaderId[] = [H.Route, H.ProxyRequire, H.ProxyAuthorization];

/**
 * A hash over what decides where a request goes: the same request that comes back with the same hash has looped, with
 * another one it has spiralled (RFC 3261 §16.6 item 8, RFC 5393 §4.2.2).
 * @param salt this server's own, so that a neighbour that hashes alike is not taken for a loop
 */
export function loopHash(request: SipMessage, salt: string): string {
  let text = `${salt}|${request.requestUri}|${request.callId}|${request.from?.tag}|${request.to?.tag}`;
  text += `|${request.cseq?.number}`;
  for (const header of HASHED) {
    for (let line = request.find(header); line >= 0; line = request.find(header, line + 1)) {
      text += `|${request.valueAt(line)}`;
    }
  }
  return fnv1a52(text).toString(36);
}

/** FNV-1a in two 26-bit halves: not for secrets, only to tell requests apart. */
function fnv1a52(text: string): number {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    low = Math.imul(low ^ c, 0x01000193);
    high = Math.imul(high ^ (c + i), 0x85ebca6b);
  }
  return (low >>> 6) * 0x4000000 + (high >>> 6);
}
