import { isTextAt } from './address-scan.ts';
import { type CSeq, readCSeq } from './cseq.ts';
import { HeaderElement } from './header-element.ts';
import { H, type HeaderId, headerId, headerName } from './header-name.ts';
import { element, scanElement } from './list.ts';
import { NameAddr } from './name-addr.ts';
import { Party } from './party.ts';
import type { StartLine } from './start-line.ts';
import { byteString, decimalAt, isTokenByte, unfold } from './text.ts';
import { Uri } from './uri.ts';
import { Via } from './via.ts';

interface ElementList {
  readonly header: HeaderId;
  readonly elements: readonly HeaderElement[];
  readonly next: ElementList | undefined;
}

/** Of one line; what stands behind them is passed over. */
const MOST_ELEMENTS = 4096;
const NO_ELEMENTS: readonly HeaderElement[] = Object.freeze([]);

/** How many numbers of {@link SipMessage.table} one header line takes. */
export const STRIDE = 4;

/**
 * A message as it was received: a view over its bytes with a table of its header lines. Values become strings only
 * when somebody asks. Never changes; an edit makes a new message.
 */
export class SipMessage {
  readonly bytes: Buffer;
  readonly isRequest: boolean;
  /** The method of a request, as written (methods are case-sensitive, RFC 3261 §7.1); '' for a response. */
  readonly method: string;
  /** The Request-URI as written; '' for a response. */
  readonly requestUri: string;
  /** Where the Request-URI stands in the bytes; 0, 0 for a response. */
  readonly uriStart: number;
  readonly uriEnd: number;
  /** 0 for a request. */
  readonly status: number;
  readonly #reasonStart: number;
  readonly #reasonEnd: number;
  /** `SIP/2.0` as written. */
  readonly version: string;
  /** For each header line: id, name start, value start, value end (blanks round it left out). */
  readonly table: readonly number[];
  /** Which known headers there are, a bit for each: most that are looked for are not there. */
  readonly #present: number;
  readonly #morePresent: number;
  /** Where the header lines begin, behind the start line. */
  readonly headersStart: number;
  /** Where the empty line that ends them begins. */
  readonly headersEnd: number;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  /** Bits of {@link Flaw}. */
  readonly flaws: number;
  #uri: Uri | undefined | null = null;
  #topVia: Via | undefined | null = null;
  #from: NameAddr | undefined | null = null;
  #to: NameAddr | undefined | null = null;
  #sender: Party | undefined | null = null;
  #recipient: Party | undefined | null = null;
  #cseq: CSeq | undefined | null = null;
  #callId: string | null = null;
  #topViaElement: HeaderElement | undefined | null = null;
  /** Lists that were asked for: many ask for the same few. */
  #lists: ElementList | undefined = undefined;

  /** @internal made by `parseMessage` */
  constructor(
    bytes: Buffer,
    start: StartLine,
    table: readonly number[],
    present: number,
    morePresent: number,
    headersStart: number,
    headersEnd: number,
    bodyStart: number,
    bodyEnd: number,
    flaws: number,
  ) {
    this.bytes = bytes;
    this.isRequest = start.isRequest;
    this.method = start.method;
    this.requestUri = start.requestUri;
    this.uriStart = start.uriStart;
    this.uriEnd = start.uriEnd;
    this.status = start.status;
    this.#reasonStart = start.reasonStart;
    this.#reasonEnd = start.reasonEnd;
    this.version = start.version;
    this.table = table;
    this.#present = present;
    this.#morePresent = morePresent;
    this.headersStart = headersStart;
    this.headersEnd = headersEnd;
    this.bodyStart = bodyStart;
    this.bodyEnd = bodyEnd;
    this.flaws = flaws;
  }

  /** The reason phrase; '' for a request. */
  get reason(): string {
    return this.#reasonStart === this.#reasonEnd
      ? ''
      : byteString(this.bytes, this.#reasonStart, this.#reasonEnd);
  }

  /** How many header lines there are. */
  get lineCount(): number {
    return this.table.length / STRIDE;
  }

  /** The id of a line's header; `H.Other` for names that Viaduct does not know. */
  id(line: number): HeaderId {
    return this.table[line * STRIDE]!;
  }

  /** The name of a line's header as written. */
  nameAt(line: number): string {
    const { bytes } = this;
    const start = this.lineStart(line);
    let end = start;
    while (end < bytes.length && isTokenByte(bytes[end]!)) end++;
    return byteString(bytes, start, end);
  }

  /** A line's value, unfolded. */
  valueAt(line: number): string {
    return unfold(byteString(this.bytes, this.valueStart(line), this.valueEnd(line)));
  }

  valueStart(line: number): number {
    return this.table[line * STRIDE + 2]!;
  }

  valueEnd(line: number): number {
    return this.table[line * STRIDE + 3]!;
  }

  /** Where a line begins, at its name. */
  lineStart(line: number): number {
    return this.table[line * STRIDE + 1]!;
  }

  /** Where a line ends, behind its CRLF: where the next begins. */
  lineEnd(line: number): number {
    const next = (line + 1) * STRIDE + 1;
    return next < this.table.length ? this.table[next]! : this.headersEnd;
  }

  /** @returns the first line of that header at or behind `from`, or -1 */
  find(header: HeaderId, from = 0): number {
    if (!this.has(header)) return -1;
    const table = this.table;
    for (let at = from * STRIDE; at < table.length; at += STRIDE) {
      if (table[at] === header) return at / STRIDE;
    }
    return -1;
  }

  /** As {@link find}, for any name in any case and form. */
  findNamed(name: string, from = 0): number {
    const id = headerId(name);
    if (id !== H.Other) return this.find(id, from);
    const wanted = name.toLowerCase();
    for (let line = from; line < this.lineCount; line++) {
      if (this.id(line) === H.Other && this.nameAt(line).toLowerCase() === wanted) return line;
    }
    return -1;
  }

  has(header: HeaderId): boolean {
    return ((header < 32 ? this.#present : this.#morePresent) & (1 << header)) !== 0;
  }

  /** How many lines that header has. */
  count(header: HeaderId): number {
    let count = 0;
    for (let at = 0; at < this.table.length; at += STRIDE) {
      if (this.table[at] === header) count++;
    }
    return count;
  }

  /** @returns the value of the first line of that header, unfolded; undefined where there is none */
  get(header: HeaderId): string | undefined {
    const line = this.find(header);
    return line < 0 ? undefined : this.valueAt(line);
  }

  /** As {@link get}, by name. */
  header(name: string): string | undefined {
    const line = this.findNamed(name);
    return line < 0 ? undefined : this.valueAt(line);
  }

  /** The values of a header that lists them with commas, over all its lines, in order (RFC 3261 §7.3.1). */
  elements(header: HeaderId): readonly HeaderElement[] {
    if (!this.has(header)) return NO_ELEMENTS;
    for (let list = this.#lists; list !== undefined; list = list.next) {
      if (list.header === header) return list.elements;
    }
    const elements = this.#readElements(header);
    this.#lists = { header, elements, next: this.#lists };
    return elements;
  }

  /** The topmost value of a header that lists them; undefined where there is none. */
  topElement(header: HeaderId): HeaderElement | undefined {
    // Of the Vias of an answer nobody reads any but the topmost, which everybody reads.
    if (header !== H.Via) return this.elements(header)[0];
    if (this.#topViaElement === null) this.#topViaElement = this.#firstElement(header);
    return this.#topViaElement;
  }

  /** Whether the topmost value of a header that lists them is this text, as it was written. */
  beginsWith(header: HeaderId, text: string): boolean {
    const line = this.find(header);
    if (line < 0 || scanElement(this.bytes, this.valueStart(line), this.valueEnd(line)) < 0) return false;
    return isTextAt(this.bytes, element.start, element.end, text);
  }

  /** Whether a header that lists its values has more than one. */
  hasSeveral(header: HeaderId): boolean {
    const top = this.topElement(header);
    if (top === undefined) return false;
    return this.find(header, top.line + 1) >= 0 || top.end < this.valueEnd(top.line)
      ? this.elements(header).length > 1
      : false;
  }

  #readElements(header: HeaderId): readonly HeaderElement[] {
    let elements: HeaderElement[] | undefined;
    for (let line = this.find(header); line >= 0; line = this.find(header, line + 1)) {
      const end = this.valueEnd(line);
      let at = this.valueStart(line);
      for (let room = MOST_ELEMENTS; room > 0; room--) {
        at = scanElement(this.bytes, at, end);
        if (at < 0) break;
        const read = new HeaderElement(this.bytes, line, element.start, element.end);
        // Written so, and not pushed to an empty one, an array has room for what it holds and no more.
        if (elements === undefined) elements = [read];
        else elements.push(read);
      }
    }
    return elements ?? NO_ELEMENTS;
  }

  #firstElement(header: HeaderId): HeaderElement | undefined {
    for (let line = this.find(header); line >= 0; line = this.find(header, line + 1)) {
      if (scanElement(this.bytes, this.valueStart(line), this.valueEnd(line)) < 0) continue;
      return new HeaderElement(this.bytes, line, element.start, element.end);
    }
    return undefined;
  }

  /** The Request-URI taken apart; undefined for a response, and where it cannot be read. */
  get uri(): Uri | undefined {
    if (this.#uri === null) this.#uri = Uri.parse(this.requestUri);
    return this.#uri;
  }

  /** As `Uri.parse`, for a URI that mostly is the Request-URI: that one is read once. */
  parseUri(text: string): Uri | undefined {
    return text === this.requestUri ? this.uri : Uri.parse(text);
  }

  /** The topmost Via; undefined where there is none or it cannot be read. */
  get topVia(): Via | undefined {
    if (this.#topVia === null) {
      const top = this.topElement(H.Via);
      this.#topVia = top && Via.parse(top.text);
    }
    return this.#topVia;
  }

  get from(): NameAddr | undefined {
    if (this.#from === null) this.#from = this.#nameAddr(H.From);
    return this.#from;
  }

  get to(): NameAddr | undefined {
    if (this.#to === null) this.#to = this.#nameAddr(H.To);
    return this.#to;
  }

  /** What every message is asked about its From; undefined where it has none. */
  get sender(): Party | undefined {
    if (this.#sender === null) this.#sender = this.#party(H.From);
    return this.#sender;
  }

  /** As {@link sender}, of its To. */
  get recipient(): Party | undefined {
    if (this.#recipient === null) this.#recipient = this.#party(H.To);
    return this.#recipient;
  }

  get fromTag(): string | undefined {
    return this.sender?.tag;
  }

  get toTag(): string | undefined {
    return this.recipient?.tag;
  }

  /** Whether its To has a tag: a request that has one belongs to a dialog (RFC 3261 §12.2). */
  get hasToTag(): boolean {
    return this.recipient?.hasTag === true;
  }

  /** '' where there is none. */
  get callId(): string {
    if (this.#callId === null) this.#callId = this.get(H.CallId) ?? '';
    return this.#callId;
  }

  /** Undefined where there is none, or it is no number below 2³¹ (RFC 3261 §8.1.1.5) and a method. */
  get cseq(): CSeq | undefined {
    if (this.#cseq === null) {
      const line = this.find(H.CSeq);
      this.#cseq = line < 0 ? undefined : readCSeq(this.bytes, this.valueStart(line), this.valueEnd(line));
    }
    return this.#cseq;
  }

  /** Undefined where there is none; NaN where it is no number from 0 to 255. */
  get maxForwards(): number | undefined {
    const line = this.find(H.MaxForwards);
    if (line < 0) return undefined;
    const value = decimalAt(this.bytes, this.valueStart(line), this.valueEnd(line));
    return value < 0 || value > 255 ? Number.NaN : value;
  }

  get body(): Buffer {
    return this.bytes.subarray(this.bodyStart, this.bodyEnd);
  }

  /** The whole message as a byte string, without what stands behind its body. */
  toString(): string {
    return byteString(this.bytes, 0, this.bodyEnd);
  }

  /** The lines of that header as they were written, blanks at their ends apart, each with a CRLF. */
  rawLines(header: HeaderId): string {
    let text = '';
    for (let line = this.find(header); line >= 0; line = this.find(header, line + 1)) {
      text += this.rawLine(line);
    }
    return text;
  }

  /** A line as it was written, blanks at its end apart, with a CRLF. */
  rawLine(line: number): string {
    return `${byteString(this.bytes, this.lineStart(line), this.valueEnd(line))}\r\n`;
  }

  #party(header: HeaderId): Party | undefined {
    const line = this.find(header);
    return line < 0 ? undefined : new Party(this.bytes, this.valueStart(line), this.valueEnd(line));
  }

  #nameAddr(header: HeaderId): NameAddr | undefined {
    const value = this.get(header);
    return value === undefined ? undefined : NameAddr.parse(value);
  }
}

/** The full name of a header as it should be written, given an id or any name. */
export function printedName(header: HeaderId | string): string {
  return typeof header === 'string' ? header : headerName(header);
}
