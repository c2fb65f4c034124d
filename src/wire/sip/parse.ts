import { Flaw } from './flaw.ts';
import { H, headerIdAt } from './header-name.ts';
import { SipMessage, STRIDE } from './message.ts';
import { methodAt } from './method.ts';
import type { StartLine } from './start-line.ts';
import { byteString, decimalAt, isTokenByte } from './text.ts';

/** Why bytes are no message: they cannot be framed at all, and are dropped without an answer. */
export type ParseFailure = 'empty' | 'start-line' | 'too-many-headers';

export type ParseResult =
  | { readonly ok: true; readonly message: SipMessage }
  | { readonly ok: false; readonly reason: ParseFailure };

export interface ParseLimits {
  /** Header lines in one message. */
  readonly headers: number;
}

const DEFAULT_LIMITS: ParseLimits = { headers: 512 };

const CR = 13;
const LF = 10;
const EMPTY: ParseResult = Object.freeze({ ok: false, reason: 'empty' });
const NO_START_LINE: ParseResult = Object.freeze({ ok: false, reason: 'start-line' });
const TOO_MANY_HEADERS: ParseResult = Object.freeze({ ok: false, reason: 'too-many-headers' });

/**
 * Reads one message, which must begin at `bytes[0]` (blank lines before it are passed over, RFC 3261 §7.5). One pass
 * finds the header lines; nothing else is read. Refuses only what cannot be framed: everything questionable is noted
 * in `flaws` for the verdict to judge.
 */
export function parseMessage(bytes: Buffer, limits: ParseLimits = DEFAULT_LIMITS): ParseResult {
  let begin = 0;
  while (begin < bytes.length && (bytes[begin] === CR || bytes[begin] === LF)) begin++;
  const view = begin === 0 ? bytes : bytes.subarray(begin);
  if (view.length === 0) return EMPTY;
  flaws = 0;
  const lineEnd = endOfLine(view, 0);
  if (!startLine(view, lineEnd)) return NO_START_LINE;
  const headersStart = Math.min(lineEnd + 2, view.length);
  const headersEnd = headerLines(view, headersStart, limits.headers * STRIDE);
  if (headersEnd < 0) return TOO_MANY_HEADERS;
  const ended = headersEnd < view.length;
  if (!ended) flaws |= Flaw.NoEndOfHeaders;
  const bodyStart = ended ? headersEnd + 2 : view.length;
  const bodyEnd = endOfBody(view, bodyStart);
  const table = scratch.slice(0, tableLength);
  const message = new SipMessage(
    view,
    start,
    table,
    present,
    morePresent,
    headersStart,
    headersEnd,
    bodyStart,
    bodyEnd,
    flaws,
  );
  return { ok: true, message };
}

// The state of one pass. Passes never interleave, and one is made for each message: so nothing is made anew for it.
/** Where the table of a message grows; the message gets a copy of its exact size. */
const scratch: number[] = [];
let tableLength = 0;
/** Which known headers there are, a bit for each; those beyond 31 in the second. */
let present = 0;
let morePresent = 0;
let flaws = 0;
/** What the start line says; taken over by the message. */
const start: StartLine = {
  isRequest: false,
  method: '',
  requestUri: '',
  uriStart: 0,
  uriEnd: 0,
  status: 0,
  reasonStart: 0,
  reasonEnd: 0,
  version: '',
};

/** @returns where the CRLF of the line that holds `from` begins, or the bytes' end; notes stray controls on the way */
function endOfLine(bytes: Buffer, from: number): number {
  const length = bytes.length;
  for (let at = from; at < length; at++) {
    const c = bytes[at]!;
    if (c > CR) continue;
    if (c === CR && bytes[at + 1] === LF) return at;
    // A NUL may stand behind a backslash in a quoted string (RFC 3261 §25.1), and nowhere else.
    if (c === CR || c === LF || (c === 0 && bytes[at - 1] !== 0x5c)) flaws |= Flaw.StrayControl;
  }
  return length;
}

/** @returns false where the line is none of a message */
function startLine(bytes: Buffer, end: number): boolean {
  let firstSpace = 0;
  while (firstSpace < end && bytes[firstSpace] !== 0x20) firstSpace++;
  if (firstSpace === 0 || firstSpace === end) return false;
  const version = sipVersion(bytes, 0, firstSpace);
  return version === undefined
    ? requestLine(bytes, firstSpace, end)
    : statusLine(bytes, firstSpace, end, version);
}

function statusLine(bytes: Buffer, firstSpace: number, end: number, version: string): boolean {
  let codeEnd = firstSpace + 1;
  while (codeEnd < end && bytes[codeEnd] !== 0x20) codeEnd++;
  const status = decimalAt(bytes, firstSpace + 1, codeEnd);
  if (status < 0) return false;
  // Without the blank behind the code the line is broken, but everybody reads it (RFC 4475 §3.1.2.19 has it).
  if (codeEnd - firstSpace !== 4 || status < 100 || status > 699) flaws |= Flaw.StartLine;
  start.isRequest = false;
  start.method = '';
  start.requestUri = '';
  start.uriStart = 0;
  start.uriEnd = 0;
  start.status = status;
  start.reasonStart = Math.min(codeEnd + 1, end);
  start.reasonEnd = end;
  start.version = version;
  return true;
}

function requestLine(bytes: Buffer, firstSpace: number, end: number): boolean {
  for (let i = 0; i < firstSpace; i++) {
    if (!isTokenByte(bytes[i]!)) return false;
  }
  let last = end;
  while (last > firstSpace && bytes[last - 1]! <= 0x20) last--;
  if (last !== end) flaws |= Flaw.StartLine;
  let lastSpace = last - 1;
  while (lastSpace > firstSpace && bytes[lastSpace] !== 0x20) lastSpace--;
  if (lastSpace === firstSpace) return false;
  const version = sipVersion(bytes, lastSpace + 1, last);
  if (version === undefined) return false;
  const uriStart = firstSpace + 1;
  for (let i = uriStart; i < lastSpace; i++) {
    if (bytes[i]! <= 0x20) flaws |= Flaw.StartLine;
  }
  if (uriStart >= lastSpace) flaws |= Flaw.StartLine;
  start.isRequest = true;
  start.method = methodAt(bytes, 0, firstSpace);
  start.requestUri = byteString(bytes, uriStart, lastSpace);
  start.uriStart = uriStart;
  start.uriEnd = lastSpace;
  start.status = 0;
  start.reasonStart = 0;
  start.reasonEnd = 0;
  start.version = version;
  return true;
}

/**
 * Reads the header lines, from `from` to the empty line.
 * @param most how long the table may get
 * @returns where the empty line begins, the bytes' end where there is none; -1 for too many lines
 */
function headerLines(bytes: Buffer, from: number, most: number): number {
  tableLength = 0;
  present = 0;
  morePresent = 0;
  let at = from;
  while (at < bytes.length) {
    if (bytes[at] === CR && bytes[at + 1] === LF) return at;
    if (tableLength >= most) return -1;
    at = headerLine(bytes, at);
  }
  return bytes.length;
}

/** Reads a line with its folded continuations. @returns the place behind it */
function headerLine(bytes: Buffer, nameStart: number): number {
  let at = nameStart;
  while (at < bytes.length && isTokenByte(bytes[at]!)) at++;
  const nameEnd = at;
  while (isBlank(bytes[at])) at++;
  const hasColon = bytes[at] === 0x3a;
  if (!hasColon || nameEnd === nameStart) flaws |= Flaw.HeaderSyntax;
  let lineEnd = endOfLine(bytes, at);
  while (isBlank(bytes[lineEnd + 2])) lineEnd = endOfLine(bytes, lineEnd + 2);
  let valueStart = hasColon ? at + 1 : at;
  let valueEnd = lineEnd;
  while (valueStart < valueEnd && isBlankOrBreak(bytes[valueStart])) valueStart++;
  while (valueEnd > valueStart && isBlankOrBreak(bytes[valueEnd - 1])) valueEnd--;
  const entry = tableLength;
  const id = hasColon ? headerIdAt(bytes, nameStart, nameEnd) : H.Other;
  if (id < 32) present |= 1 << id;
  else morePresent |= 1 << id;
  scratch[entry] = id;
  scratch[entry + 1] = nameStart;
  scratch[entry + 2] = valueStart;
  scratch[entry + 3] = valueEnd;
  tableLength = entry + STRIDE;
  return Math.min(lineEnd + 2, bytes.length);
}

function endOfBody(bytes: Buffer, bodyStart: number): number {
  let length = -1;
  for (let at = 0; at < tableLength; at += STRIDE) {
    if (scratch[at] !== H.ContentLength) continue;
    const value = decimalAt(bytes, scratch[at + 2]!, scratch[at + 3]!);
    if (value < 0 || (length >= 0 && length !== value)) {
      flaws |= Flaw.ContentLength;
      return bytes.length;
    }
    length = value;
  }
  if (length < 0) return bytes.length;
  if (bodyStart + length > bytes.length) {
    flaws |= Flaw.BodyTruncated;
    return bytes.length;
  }
  if (bodyStart + length < bytes.length) flaws |= Flaw.TrailingBytes;
  return bodyStart + length;
}

function isBlank(c: number | undefined): boolean {
  return c === 0x20 || c === 0x09;
}

function isBlankOrBreak(c: number | undefined): boolean {
  return c === 0x20 || c === 0x09 || c === CR || c === LF;
}

/** @returns `SIP/` and digits with a dot, as written; which version it is the verdict asks (505) */
function sipVersion(bytes: Buffer, from: number, end: number): string | undefined {
  if (end - from < 7) return undefined;
  // Setting bit 5 makes letters lower case.
  if ((bytes[from]! | 0x20) !== 0x73 || (bytes[from + 1]! | 0x20) !== 0x69) return undefined;
  if ((bytes[from + 2]! | 0x20) !== 0x70 || bytes[from + 3] !== 0x2f) return undefined;
  for (let at = from + 4; at < end; at++) {
    const c = bytes[at]!;
    if (c !== 0x2e && (c < 0x30 || c > 0x39)) return undefined;
  }
  return isVersion2(bytes, from, end) ? 'SIP/2.0' : byteString(bytes, from, end);
}

/** Whether it is spelled as it should be, behind what was read already. */
function isVersion2(bytes: Buffer, from: number, end: number): boolean {
  if (end - from !== 7 || bytes[from] !== 0x53 || bytes[from + 1] !== 0x49 || bytes[from + 2] !== 0x50) {
    return false;
  }
  return bytes[from + 4] === 0x32 && bytes[from + 5] === 0x2e && bytes[from + 6] === 0x30;
}
