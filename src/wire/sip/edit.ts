import { ServerError } from '../../base/errors.ts';
import { H, type HeaderId, headerId } from './header-name.ts';
import { printedName, type SipMessage } from './message.ts';
import { Rank, Splice, SpliceList } from './splice.ts';
import { checkField, checkRequestUri, isField, isToken, writeByteString } from './text.ts';

/** Shorter stretches are copied faster here than by a call into Node. */
const SHORT = 48;

/**
 * Changes to a received message, collected as splices over its bytes and applied in one serialisation: what is not
 * edited goes out byte for byte. All positions and look-ups mean the message as it was received, so that the order of
 * edits matters little: insertions at one place keep their order, the last value set wins, and what lies inside a
 * replaced or removed stretch goes with it.
 */
export class MessageEdit {
  readonly message: SipMessage;
  readonly #splices: SpliceList = new SpliceList();
  #requestUri: Splice | undefined = undefined;
  #body: Buffer | undefined = undefined;

  constructor(message: SipMessage) {
    this.message = message;
  }

  /** @throws ServerError SIP_BAD_FIELD for a URI that would break the start line */
  setRequestUri(uri: string): this {
    const text = checkRequestUri(uri);
    if (this.#requestUri !== undefined) {
      this.#requestUri.text = text;
      return this;
    }
    const { uriStart, uriEnd } = this.message;
    this.#requestUri = this.#add(uriStart, uriEnd, text, Rank.RequestUri, 0);
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
    const { message } = this;
    if (!isField(value)) checkField(message.nameAt(line), value);
    return this.#changeLine(line, message.valueStart(line), message.valueEnd(line), value);
  }

  /** Sets the header's only value: the first line gets it, other lines of the name go; appended where there is none. */
  set(header: HeaderId, value: string): this {
    const { message } = this;
    const first = message.find(header);
    if (first < 0) return this.#setAppended(header, value);
    for (let line = message.find(header, first + 1); line >= 0; line = message.find(header, line + 1)) {
      this.removeLine(line);
    }
    return this.replaceValue(first, value);
  }

  /** A header that was appended so before gets the new value. */
  #setAppended(header: HeaderId, value: string): this {
    const text = headerLine(header, value);
    const end = this.message.headersEnd;
    for (let at = this.#splices.first; at !== undefined; at = at.next) {
      if (at.rank !== Rank.Free || at.start !== end || at.subject !== header || header === H.Other) continue;
      at.text = text;
      return this;
    }
    this.#add(end, end, text, Rank.Free, header);
    return this;
  }

  removeLine(line: number): this {
    const { message } = this;
    return this.#changeLine(line, message.lineStart(line), message.lineEnd(line), '');
  }

  /** The last change of a line is the one that holds. */
  #changeLine(line: number, start: number, end: number, text: string): this {
    for (let at = this.#splices.first; at !== undefined; at = at.next) {
      if (at.rank !== Rank.Line || at.subject !== line) continue;
      if (at.start === start && at.end === end) {
        at.text = text;
        return this;
      }
      this.#splices.remove(at);
      break;
    }
    this.#add(start, end, text, Rank.Line, line);
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
    this.#add(start, end, text, Rank.Free, 0);
    return this;
  }

  /** The edited message, serialised once. */
  toBuffer(): Buffer {
    const { bytes, bodyStart, bodyEnd } = this.message;
    const body = this.#body;
    const headEnd = body === undefined ? bodyEnd : bodyStart;
    const out = Buffer.allocUnsafe(this.#length(headEnd) + (body?.length ?? 0));
    let from = 0;
    let to = 0;
    for (let splice = this.#splices.first; splice !== undefined; splice = splice.next) {
      // What lies inside an earlier one goes with it.
      if (splice.start < from) continue;
      to = copyBytes(bytes, from, splice.start, out, to);
      if (splice.text.length > 0) to += writeByteString(out, splice.text, to);
      from = splice.end;
    }
    to = copyBytes(bytes, from, headEnd, out, to);
    if (body !== undefined) body.copy(out, to);
    return out;
  }

  /** @returns what `bytes[0, headEnd)` takes with all changes */
  #length(headEnd: number): number {
    let length = headEnd;
    let from = 0;
    for (let splice = this.#splices.first; splice !== undefined; splice = splice.next) {
      if (splice.start < from) continue;
      length += splice.text.length - (splice.end - splice.start);
      from = splice.end;
    }
    return length;
  }

  #add(start: number, end: number, text: string, rank: Rank, subject: number): Splice {
    const splice = new Splice(start, end, text, rank, subject);
    this.#splices.add(splice);
    return splice;
  }
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
