import { address, isTextAt, scanAddress, scanUri, scanValue, uri } from './address-scan.ts';
import { H, headerIdAt } from './header-name.ts';
import { isTokenByte } from './text.ts';

/** Where a header line stands: its name begins at `start`, its value at `value`, and it ends, without CRLF, at `end`. */
export interface LineBounds {
  start: number;
  value: number;
  end: number;
}

/** What an answer that begins nothing needs of an INVITE; one for all, read before the next scan. */
export const invite = {
  via: { start: -1, value: -1, end: -1 },
  from: { start: -1, value: -1, end: -1 },
  to: { start: -1, value: -1, end: -1 },
  callId: { start: -1, value: -1, end: -1 },
  cseq: { start: -1, value: -1, end: -1 },
  /** start is -1 where there is none. */
  contact: { start: -1, value: -1, end: -1 },
  userAgent: { start: -1, value: -1, end: -1 },
};

const LINES: readonly LineBounds[] = Object.values(invite);
const MOST_LINES = 64;
const LONGEST_NAME = 31;
const BEGINNING = Buffer.from('INVITE sip:', 'latin1');
const VERSION = Buffer.from(' SIP/2.0', 'latin1');
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;

/**
 * Finds in {@link invite} what an INVITE outside of dialogs is refused by, for whoever has no time to read it all.
 * @returns true only for the plain form that nearly all have: a `sip:` Request-URI, each of these headers once, no folded
 *   line, one value in Via, no tag in To. `parseMessage` reads the same there.
 */
export function scanInvite(bytes: Buffer): boolean {
  if (!isAt(bytes, 0, BEGINNING)) return false;
  let end = plainLineEnd(bytes, BEGINNING.length);
  if (end < 0 || !isAt(bytes, end - VERSION.length, VERSION) || hasBlank(bytes, end - VERSION.length))
    return false;
  for (let i = 0; i < LINES.length; i++) LINES[i]!.start = -1;
  let at = end + 2;
  for (let count = 0; bytes[at] !== CR; count++) {
    if (count >= MOST_LINES) return false;
    end = plainLineEnd(bytes, at);
    if (end < 0 || !noteLine(bytes, at, end)) return false;
    at = end + 2;
  }
  return bytes[at + 1] === LF && isWhole() && isOneVia(bytes) && isWithoutTag(bytes);
}

/** Whether its Contact is one plain address, and names this very address and port. */
export function isContactOf(bytes: Buffer, host: string, port: number): boolean {
  const { value, end } = invite.contact;
  if (!scanAddress(bytes, value, end) || address.hasComma) return false;
  if (!scanUri(bytes, address.uriStart, address.uriEnd) || uri.port !== port) return false;
  return isTextAt(bytes, uri.hostStart, uri.hostEnd, host);
}

/** @returns where the CRLF begins; -1 where a control stands before it, a blank right before it, or a folded line behind it */
function plainLineEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at]! > CR) at++;
  if (bytes[at] !== CR || bytes[at + 1] !== LF || bytes[at - 1] === SPACE) return -1;
  const next = bytes[at + 2];
  return next === undefined || next === SPACE || next === TAB ? -1 : at;
}

/** @returns false for a line that is none, or one that may stand only once and stands again */
function noteLine(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (isTokenByte(bytes[at]!)) at++;
  if (bytes[at] !== COLON || at === start) return false;
  const line = at - start > LONGEST_NAME ? undefined : lineOf(headerIdAt(bytes, start, at));
  if (line === undefined) return true;
  if (line.start >= 0) return false;
  at++;
  while (bytes[at] === SPACE) at++;
  line.start = start;
  line.value = at;
  line.end = end;
  return at < end;
}

function lineOf(header: number): LineBounds | undefined {
  switch (header) {
    case H.Via:
      return invite.via;
    case H.From:
      return invite.from;
    case H.To:
      return invite.to;
    case H.CallId:
      return invite.callId;
    case H.CSeq:
      return invite.cseq;
    case H.Contact:
      return invite.contact;
    case H.UserAgent:
      return invite.userAgent;
    default:
      return undefined;
  }
}

function isWhole(): boolean {
  const { via, from, to, callId, cseq } = invite;
  return via.start >= 0 && from.start >= 0 && to.start >= 0 && callId.start >= 0 && cseq.start >= 0;
}

function isOneVia(bytes: Buffer): boolean {
  for (let at = invite.via.value; at < invite.via.end; at++) {
    if (bytes[at] === COMMA || bytes[at] === QUOTE) return false;
  }
  return true;
}

function isWithoutTag(bytes: Buffer): boolean {
  if (!scanAddress(bytes, invite.to.value, invite.to.end)) return false;
  return !scanValue(bytes, address.paramsStart, address.paramsEnd, 'tag');
}

function hasBlank(bytes: Buffer, end: number): boolean {
  for (let at = BEGINNING.length; at < end; at++) if (bytes[at] === SPACE) return true;
  return false;
}

function isAt(bytes: Buffer, at: number, text: Buffer): boolean {
  if (at < 0 || at + text.length > bytes.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}
