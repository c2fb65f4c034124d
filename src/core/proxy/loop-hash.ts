import { H, type HeaderId } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';

/**
 * A hash over what decides where a request goes: the same request that comes back with the same hash has looped, with
 * another one it has spiralled (RFC 3261 §16.6 item 8, RFC 5393 §4.2.2).
 * @param salt this server's own, so that a neighbour that hashes alike is not taken for a loop
 */
export function loopHash(request: SipMessage, salt: string): string {
  low = 0x811c9dc5;
  high = 0x01000193;
  place = 0;
  add(salt);
  add(request.requestUri);
  addLines(request, H.CallId);
  add(request.fromTag);
  add(request.toTag);
  addByte(0x7c);
  addNumber(request.cseq?.number ?? -1);
  addLines(request, H.Route);
  addLines(request, H.ProxyRequire);
  addLines(request, H.ProxyAuthorization);
  return ((low >>> 6) * 0x4000000 + (high >>> 6)).toString(36);
}

// FNV-1a in two 26-bit halves: not for secrets, only to tell requests apart. The text is never put together: it is long,
// and made for each request.
let low = 0;
let high = 0;
let place = 0;

function addByte(c: number): void {
  low = Math.imul(low ^ c, 0x01000193);
  high = Math.imul(high ^ (c + place++), 0x85ebca6b);
}

/** Hashed where they stand: no text is made of them. */
function addLines(request: SipMessage, header: HeaderId): void {
  const { bytes } = request;
  for (let line = request.find(header); line >= 0; line = request.find(header, line + 1)) {
    addByte(0x7c);
    const end = request.valueEnd(line);
    for (let at = request.valueStart(line); at < end; at++) addByte(bytes[at]!);
  }
}

function addNumber(value: number): void {
  for (let shift = 0; shift < 32; shift += 8) addByte((value >>> shift) & 0xff);
}

/** What is missing counts too, and differs from what is empty. */
function add(text: string | undefined): void {
  addByte(text === undefined ? 0 : 0x7c);
  if (text === undefined) return;
  for (let i = 0; i < text.length; i++) addByte(text.charCodeAt(i));
}
