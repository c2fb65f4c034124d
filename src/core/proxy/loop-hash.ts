import { H, type HeaderId } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { Party } from '../../wire/sip/party.ts';

/**
 * A hash over what decides where a request goes: the same request that comes back with the same hash has looped, with
 * another one it has spiralled (RFC 3261 §16.6 item 8, RFC 5393 §4.2.2).
 * @param salt this server's own, so that a neighbour that hashes alike is not taken for a loop
 */
export function loopHash(request: SipMessage, salt: string): string {
  low = 0x811c9dc5;
  high = 0x01000193;
  addText(salt);
  addBytes(request.bytes, request.uriStart, request.uriEnd);
  addLines(request, H.CallId);
  addTag(request.bytes, request.sender);
  addTag(request.bytes, request.recipient);
  addWord(request.cseq?.number ?? -1);
  addLines(request, H.Route);
  addLines(request, H.ProxyRequire);
  addLines(request, H.ProxyAuthorization);
  return text(settled(low) >>> 6, settled(high) >>> 6);
}

/** Digits of five bits, made at once: the general conversion divides fractions for each. */
function text(a: number, b: number): string {
  return String.fromCharCode(
    digit(a >> 21),
    digit(a >> 16),
    digit(a >> 11),
    digit(a >> 6),
    digit(a >> 1),
    digit((a << 4) | (b >> 22)),
    digit(b >> 17),
    digit(b >> 12),
    digit(b >> 7),
    digit(b >> 2),
    digit(b << 3),
  );
}

function digit(bits: number): number {
  const value = bits & 31;
  return value < 10 ? 0x30 + value : 0x57 + value;
}

// Two halves of 26 bits, mixed by words as MurmurHash does: not for secrets, only to tell requests apart. What is hashed is
// read where it stands, for it is long, and made for each request.
let low = 0;
let high = 0;

function addWord(word: number): void {
  const a = Math.imul(low ^ word, 0x1b873593);
  const b = Math.imul(high ^ word, 0x85ebca6b);
  low = (a << 13) | (a >>> 19);
  high = ((b << 17) | (b >>> 15)) + 0x0e6546b6;
}

/** Of a word the lowest byte stands first; its length, which closes it, tells texts apart where they meet. */
function addBytes(bytes: Uint8Array, start: number, end: number): void {
  let at = start;
  for (; at + 4 <= end; at += 4) {
    addWord(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
  }
  let rest = end - start;
  for (; at < end; at++) rest = (rest << 8) | bytes[at]!;
  addWord(rest);
}

/** As {@link addBytes}, of a byte string. */
function addText(text: string): void {
  let at = 0;
  for (; at + 4 <= text.length; at += 4) {
    const half = text.charCodeAt(at) | (text.charCodeAt(at + 1) << 8);
    addWord(half | (text.charCodeAt(at + 2) << 16) | (text.charCodeAt(at + 3) << 24));
  }
  let rest = text.length;
  for (; at < text.length; at++) rest = (rest << 8) | text.charCodeAt(at);
  addWord(rest);
}

function addLines(request: SipMessage, header: HeaderId): void {
  for (let line = request.find(header); line >= 0; line = request.find(header, line + 1)) {
    addBytes(request.bytes, request.valueStart(line), request.valueEnd(line));
  }
}

/** What is missing counts too, and differs from what is empty. */
function addTag(bytes: Uint8Array, party: Party | undefined): void {
  if (party === undefined || !party.hasTag) addWord(-1);
  else if (party.tagStart >= 0) addBytes(bytes, party.tagStart, party.tagEnd);
  else addText(party.tag!);
}

function settled(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}
