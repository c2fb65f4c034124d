import { address, isTextAt, scanAddress, scanValue } from './address-scan.ts';
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
const NEEDED: readonly LineBounds[] = [invite.via, invite.from, invite.to, invite.callId, invite.cseq];
/** By the ids of their headers. */
const lineOf: (LineBounds | undefined)[] = [];
lineOf[H.Via] = invite.via;
lineOf[H.From] = invite.from;
lineOf[H.To] = invite.to;
lineOf[H.CallId] = invite.callId;
lineOf[H.CSeq] = invite.cseq;
lineOf[H.Contact] = invite.contact;
lineOf[H.UserAgent] = invite.userAgent;

const MOST_LINES = 64;
const BEGINNING = 'INVITE sip:';
const VERSION = ' SIP/2.0';
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
  if (!isTextAt(bytes, 0, BEGINNING.length, BEGINNING)) return false;
  let end = plainLineEnd(bytes, BEGINNING.length);
  // The first blank behind the method is the one before the version.
  if (!isTextAt(bytes, bytes.indexOf(SPACE, BEGINNING.length), end, VERSION)) return false;
  for (let i = 0; i < LINES.length; i++) LINES[i]!.start = -1;
  let at = end + 2;
  for (let count = 0; bytes[at] !== CR; count++) {
    if (count >= MOST_LINES) return false;
    end = plainLineEnd(bytes, at);
    if (end < 0 || !noteLine(bytes, at, end)) return false;
    at = end + 2;
  }
  if (bytes[at + 1] !== LF || NEEDED.some(({ start }) => start < 0)) return false;
  return isOneVia(bytes) && isWithoutTag(bytes);
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
  const line = lineOf[headerIdAt(bytes, start, at)];
  if (line === undefined) return true;
  if (line.start >= 0) return false;
  at++;
  while (bytes[at] === SPACE) at++;
  line.start = start;
  line.value = at;
  line.end = end;
  return at < end;
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
