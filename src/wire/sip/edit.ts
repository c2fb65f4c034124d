import { ServerError } from '../../base/errors.ts';
import { H, type HeaderId, headerId } from './header-name.ts';
import { printedName, type SipMessage } from './message.ts';
import { checkField, checkRequestUri, isToken, writeByteString } from './text.ts';

interface Splice {
  readonly start: number;
  readonly end: number;
  text: string;
}

/** What becomes of a header line: its value is replaced, or all of it goes. */
interface LineChange {
  readonly line: number;
  /** Null for a line that is removed. */
  value: string | null;
}

/** Shorter stretches are copied faster here than by a call into Node. */
const SHORT = 64;

/**
 * Changes to a received message, collected as splices over its bytes and applied in one serialisation: what is not
 * edited goes out byte for byte. All positions and look-ups mean the message as it was received, so that the order of
 * edits matters little: insertions at one place keep their order, the last value set wins, and what lies inside a
 * replaced or removed stretch goes with it.
 */
export class MessageEdit {
  readonly message: SipMessage;
  readonly #splices: Splice[] = [];
  readonly #lines: LineChange[] = [];
  /** Headers that {@link set} had to append, so that setting them again changes that line. */
  #setLines: Map<HeaderId, Splice> | undefined;
  #requestUri: string | undefined;
  #body: Buffer | undefined;

  constructor(message: SipMessage) {
    this.message = message;
  }

  /** @throws ServerError SIP_BAD_FIELD for a URI that would break the start line */
  setRequestUri(uri: string): this {
    this.#requestUri = checkRequestUri(uri);
    return this;
  }

  /** Writes a header above all others. */
  insertTop(header: HeaderId | string, value: string): this {
    return this.insert(this.message.headersStart, headerLine(header, value));
  }

  /** Writes a header below all others. */
  append(header: HeaderId | string, value: string): this {
    return this.insert(this.message.headersEnd, headerLine(header, value));
  }

  /** Writes a header above the first line of its kind, or below all others where there is none. */
  insertAbove(header: HeaderId, value: string): this {
    const line = this.message.find(header);
    if (line < 0) return this.append(header, value);
    return this.insert(this.message.lineStart(line), headerLine(header, value));
  }

  /** Gives a line another value; its name stays as written. */
  replaceValue(line: number, value: string): this {
    return this.#changeLine(line, checkField(this.message.nameAt(line), value));
  }

  /** Sets the header's only value: the first line gets it, other lines of the name go; appended where there is none. */
  set(header: HeaderId, value: string): this {
    const first = this.message.find(header);
    if (first < 0) return this.#setAppended(header, value);
    this.removeAll(header);
    return this.replaceValue(first, value);
  }

  #setAppended(header: HeaderId, value: string): this {
    const line = headerLine(header, value);
    const old = this.#setLines?.get(header);
    if (old) {
      old.text = line;
      return this;
    }
    const splice = { start: this.message.headersEnd, end: this.message.headersEnd, text: line };
    this.#setLines ??= new Map();
    this.#setLines.set(header, splice);
    this.#splices.push(splice);
    return this;
  }

  removeLine(line: number): this {
    return this.#changeLine(line, null);
  }

  #changeLine(line: number, value: string | null): this {
    for (const change of this.#lines) {
      if (change.line !== line) continue;
      change.value = value;
      return this;
    }
    this.#lines.push({ line, value });
    return this;
  }

  /** Removes every received line of that header, whatever its case and form; what was inserted stays. */
  removeAll(header: HeaderId | string): this {
    const message = this.message;
    const id = typeof header === 'string' ? headerId(header) : header;
    if (typeof header === 'string' && id === H.Other) {
      for (let line = message.findNamed(header); line >= 0; line = message.findNamed(header, line + 1)) {
        this.removeLine(line);
      }
      return this;
    }
    for (let line = message.find(id); line >= 0; line = message.find(id, line + 1)) this.removeLine(line);
    return this;
  }

  /** Removes the topmost `count` values of a header that lists them, with their lines where nothing is left on them. */
  removeTopElements(header: HeaderId, count: number): this {
    const elements = this.message.elements(header);
    let at = 0;
    while (at < count && at < elements.length) {
      const line = elements[at]!.line;
      let last = at;
      while (last + 1 < elements.length && elements[last + 1]!.line === line) last++;
      if (last < count) this.removeLine(line);
      else this.replace(this.message.valueStart(line), elements[count]!.start, '');
      at = last + 1;
    }
    return this;
  }

  /** The body, with Content-Length and, where given, Content-Type set to fit. */
  setBody(body: Buffer, contentType?: string): this {
    this.#body = body;
    this.set(H.ContentLength, String(body.length));
    if (contentType !== undefined) this.set(H.ContentType, contentType);
    return this;
  }

  /** The body as changed so far. */
  get body(): Buffer {
    return this.#body ?? this.message.body;
  }

  /** Writes Content-Length where the message has none, as streams need it (RFC 3261 §20.14). */
  ensureContentLength(): this {
    if (this.#body === undefined && !this.message.has(H.ContentLength)) {
      this.set(H.ContentLength, String(this.message.bodyEnd - this.message.bodyStart));
    }
    return this;
  }

  /** Puts text between bytes; the caller answers for its form. */
  insert(at: number, text: string): this {
    return this.replace(at, at, text);
  }

  /** Puts text in place of `bytes[start, end)`; the caller answers for its form. */
  replace(start: number, end: number, text: string): this {
    this.#splices.push({ start, end, text });
    return this;
  }

  /** The edited message, serialised once. */
  toBuffer(): Buffer {
    const { bytes, bodyStart, bodyEnd } = this.message;
    const splices = this.#collected();
    const body = this.#body;
    const headEnd = body === undefined ? bodyEnd : bodyStart;
    let length = headEnd + (body?.length ?? 0);
    for (const { start, end, text } of splices) length += text.length - (end - start);
    const out = Buffer.allocUnsafe(length);
    let from = 0;
    let to = 0;
    for (const { start, end, text } of splices) {
      to = copyBytes(bytes, from, start, out, to);
      if (text.length > 0) to += writeByteString(out, text, to);
      from = end;
    }
    to = copyBytes(bytes, from, headEnd, out, to);
    if (body !== undefined) body.copy(out, to);
    return out;
  }

  /** All splices in the order of the bytes, without those that lie inside an earlier one. */
  #collected(): Splice[] {
    const message = this.message;
    const all = [...this.#splices];
    if (this.#requestUri !== undefined) {
      all.push({ start: message.uriStart, end: message.uriEnd, text: this.#requestUri });
    }
    for (const { line, value } of this.#lines) {
      all.push(
        value === null
          ? { start: message.lineStart(line), end: message.lineEnd(line), text: '' }
          : { start: message.valueStart(line), end: message.valueEnd(line), text: value },
      );
    }
    sortSplices(all);
    let covered = 0;
    let kept = 0;
    for (const splice of all) {
      if (splice.start < covered) continue;
      covered = splice.end;
      all[kept++] = splice;
    }
    all.length = kept;
    return all;
  }
}

/** Splices beyond this number are left to the sort of the language, which is slow for a few and fast for many. */
const FEW = 32;

/** Stable, so that insertions at one place keep their order; they stand before a longer splice that begins there. */
function sortSplices(splices: Splice[]): void {
  if (splices.length > FEW) {
    splices.sort(order);
    return;
  }
  for (let i = 1; i < splices.length; i++) {
    const splice = splices[i]!;
    let at = i;
    for (; at > 0 && order(splices[at - 1]!, splice) > 0; at--) splices[at] = splices[at - 1]!;
    splices[at] = splice;
  }
}

function order(a: Splice, b: Splice): number {
  return a.start - b.start || insertionFirst(a, b) || b.end - a.end;
}

function insertionFirst(a: Splice, b: Splice): number {
  return Number(b.start === b.end) - Number(a.start === a.end);
}

/** @returns where the copy ends */
function copyBytes(from: Buffer, start: number, end: number, out: Buffer, at: number): number {
  if (end - start >= SHORT) return at + from.copy(out, at, start, end);
  let to = at;
  for (let i = start; i < end; i++) out[to++] = from[i]!;
  return to;
}

/** @throws ServerError SIP_BAD_FIELD for a name that is no token, or a value with CR, LF or NUL */
export function headerLine(header: HeaderId | string, value: string): string {
  const name = printedName(header);
  if (typeof header === 'string' && !isToken(header)) {
    throw new ServerError('SIP_BAD_FIELD', `header name: "${checkField('header name', header)}" is no token`);
  }
  return `${name}: ${checkField(name, value)}\r\n`;
}
