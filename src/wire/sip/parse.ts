import { H, headerIdAt } from './header-name.ts';
import { Flaw, SipMessage, STRIDE } from './message.ts';
import { byteString, isTokenByte, parseDecimal } from './text.ts';

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

/**
 * Reads one message, which must begin at `bytes[0]` (blank lines before it are passed over, RFC 3261 §7.5). One pass
 * finds the header lines; nothing else is read. Refuses only what cannot be framed: everything questionable is noted
 * in `flaws` for the verdict to judge.
 */
export function parseMessage(bytes: Buffer, limits: ParseLimits = DEFAULT_LIMITS): ParseResult {
  let begin = 0;
  while (begin < bytes.length && (bytes[begin] === CR || bytes[begin] === LF)) begin++;
  const view = begin === 0 ? bytes : bytes.subarray(begin);
  if (view.length === 0) return { ok: false, reason: 'empty' };
  return new Scanner(view, limits).run();
}

/** Where the table of a message grows; the message gets a copy of its exact size. Passes never interleave. */
const scratch: number[] = [];

/** The state of one pass. */
class Scanner {
  readonly #bytes: Buffer;
  readonly #limits: ParseLimits;
  readonly #table: number[] = scratch;
  /** How much of the table is this message's. */
  #length = 0;
  #flaws = 0;
  #at = 0;

  constructor(bytes: Buffer, limits: ParseLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  run(): ParseResult {
    const bytes = this.#bytes;
    const lineEnd = this.#endOfLine(0);
    const start = this.#startLine(lineEnd);
    if (!start) return { ok: false, reason: 'start-line' };
    const headersStart = Math.min(lineEnd + 2, bytes.length);
    this.#at = headersStart;
    let headersEnd = bytes.length;
    let bodyStart = bytes.length;
    for (;;) {
      if (this.#at >= bytes.length) {
        this.#flaws |= Flaw.NoEndOfHeaders;
        break;
      }
      if (bytes[this.#at] === CR && bytes[this.#at + 1] === LF) {
        headersEnd = this.#at;
        bodyStart = this.#at + 2;
        break;
      }
      if (this.#length >= this.#limits.headers * STRIDE) return { ok: false, reason: 'too-many-headers' };
      this.#headerLine();
    }
    const bodyEnd = this.#bodyEnd(bodyStart);
    const message = new SipMessage(
      bytes,
      start,
      this.#table.slice(0, this.#length),
      headersStart,
      headersEnd,
      bodyStart,
      bodyEnd,
      this.#flaws,
    );
    return { ok: true, message };
  }

  /** @returns where the CRLF of the line that holds `from` begins, or the bytes' end; notes stray controls on the way */
  #endOfLine(from: number): number {
    const bytes = this.#bytes;
    const length = bytes.length;
    for (let at = from; at < length; at++) {
      const c = bytes[at]!;
      if (c > CR) continue;
      if (c === CR && bytes[at + 1] === LF) return at;
      // A NUL may stand behind a backslash in a quoted string (RFC 3261 §25.1), and nowhere else.
      if (c === CR || c === LF || (c === 0 && bytes[at - 1] !== 0x5c)) this.#flaws |= Flaw.StrayControl;
    }
    return length;
  }

  #startLine(end: number) {
    const bytes = this.#bytes;
    let firstSpace = 0;
    while (firstSpace < end && bytes[firstSpace] !== 0x20) firstSpace++;
    if (firstSpace === 0 || firstSpace === end) return undefined;
    const responseVersion = sipVersion(bytes, 0, firstSpace);
    if (responseVersion !== undefined) {
      let codeEnd = firstSpace + 1;
      while (codeEnd < end && bytes[codeEnd] !== 0x20) codeEnd++;
      const status = parseDecimal(byteString(bytes, firstSpace + 1, codeEnd));
      if (status === undefined) return undefined;
      // Without the blank behind the code the line is broken, but everybody reads it (RFC 4475 §3.1.2.19 has it).
      if (codeEnd - firstSpace !== 4 || status < 100 || status > 699) this.#flaws |= Flaw.StartLine;
      const reason = codeEnd < end ? byteString(bytes, codeEnd + 1, end) : '';
      return {
        isRequest: false,
        method: '',
        requestUri: '',
        uriStart: 0,
        uriEnd: 0,
        status,
        reason,
        version: responseVersion,
      };
    }
    for (let i = 0; i < firstSpace; i++) {
      if (!isTokenByte(bytes[i]!)) return undefined;
    }
    let last = end;
    while (last > firstSpace && bytes[last - 1]! <= 0x20) last--;
    if (last !== end) this.#flaws |= Flaw.StartLine;
    let lastSpace = last - 1;
    while (lastSpace > firstSpace && bytes[lastSpace] !== 0x20) lastSpace--;
    if (lastSpace === firstSpace) return undefined;
    const version = sipVersion(bytes, lastSpace + 1, last);
    if (version === undefined) return undefined;
    const requestUri = byteString(bytes, firstSpace + 1, lastSpace);
    for (let i = 0; i < requestUri.length; i++) {
      if (requestUri.charCodeAt(i) <= 0x20) this.#flaws |= Flaw.StartLine;
    }
    if (requestUri.length === 0) this.#flaws |= Flaw.StartLine;
    return {
      isRequest: true,
      method: byteString(bytes, 0, firstSpace),
      requestUri,
      uriStart: firstSpace + 1,
      uriEnd: lastSpace,
      status: 0,
      reason: '',
      version,
    };
  }

  /** Reads the line at the cursor with its folded continuations, and moves behind it. */
  #headerLine(): void {
    const bytes = this.#bytes;
    const nameStart = this.#at;
    let at = nameStart;
    while (at < bytes.length && isTokenByte(bytes[at]!)) at++;
    const nameEnd = at;
    while (bytes[at] === 0x20 || bytes[at] === 0x09) at++;
    const hasColon = bytes[at] === 0x3a;
    if (!hasColon || nameEnd === nameStart) this.#flaws |= Flaw.HeaderSyntax;
    let lineEnd = this.#endOfLine(at);
    while (isBlank(bytes[lineEnd + 2])) lineEnd = this.#endOfLine(lineEnd + 2);
    let valueStart = hasColon ? at + 1 : at;
    let valueEnd = lineEnd;
    while (valueStart < valueEnd && isBlankOrBreak(bytes[valueStart])) valueStart++;
    while (valueEnd > valueStart && isBlankOrBreak(bytes[valueEnd - 1])) valueEnd--;
    const id = hasColon ? headerIdAt(bytes, nameStart, nameEnd) : H.Other;
    const table = this.#table;
    const entry = this.#length;
    table[entry] = id;
    table[entry + 1] = nameStart;
    table[entry + 2] = nameEnd;
    table[entry + 3] = valueStart;
    table[entry + 4] = valueEnd;
    this.#length = entry + STRIDE;
    this.#at = Math.min(lineEnd + 2, bytes.length);
  }

  #bodyEnd(bodyStart: number): number {
    const bytes = this.#bytes;
    let length = -1;
    for (let at = 0; at < this.#length; at += STRIDE) {
      if (this.#table[at] !== H.ContentLength) continue;
      const value = parseDecimal(byteString(bytes, this.#table[at + 3]!, this.#table[at + 4]!));
      if (value === undefined || (length >= 0 && length !== value)) {
        this.#flaws |= Flaw.ContentLength;
        return bytes.length;
      }
      length = value;
    }
    if (length < 0) return bytes.length;
    if (bodyStart + length > bytes.length) {
      this.#flaws |= Flaw.BodyTruncated;
      return bytes.length;
    }
    if (bodyStart + length < bytes.length) this.#flaws |= Flaw.TrailingBytes;
    return bodyStart + length;
  }
}

function isBlank(c: number | undefined): boolean {
  return c === 0x20 || c === 0x09;
}

function isBlankOrBreak(c: number | undefined): boolean {
  return c === 0x20 || c === 0x09 || c === CR || c === LF;
}

/** @returns `SIP/` and digits with a dot, as written; which version it is the verdict asks (505) */
function sipVersion(bytes: Buffer, start: number, end: number): string | undefined {
  if (end - start < 7) return undefined;
  // Setting bit 5 makes letters lower case.
  if ((bytes[start]! | 0x20) !== 0x73 || (bytes[start + 1]! | 0x20) !== 0x69) return undefined;
  if ((bytes[start + 2]! | 0x20) !== 0x70 || bytes[start + 3] !== 0x2f) return undefined;
  for (let at = start + 4; at < end; at++) {
    const c = bytes[at]!;
    if (c !== 0x2e && (c < 0x30 || c > 0x39)) return undefined;
  }
  return byteString(bytes, start, end);
}
