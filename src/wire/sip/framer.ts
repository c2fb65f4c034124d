const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;
const SPACE = 0x20;
const COLON = 0x3a;
const BLANK_LINE = Buffer.from('\r\n\r\n', 'latin1');
const EMPTY = Buffer.alloc(0);
const SMALLEST_BUFFER = 1024;

/** The long name of the field, and the compact one (RFC 3261 §20.14), in lower case. */
const LENGTH_NAMES: readonly Buffer[] = [Buffer.from('content-length'), Buffer.from('l')];

/** How much of a stream may be held back for one message, in bytes. */
export interface FramerLimits {
  /** The start line and all header fields, the blank line included. */
  readonly maxHeaderBytes: number;
  /** Header and body together. */
  readonly maxMessageBytes: number;
}

export const DEFAULT_FRAMER_LIMITS: FramerLimits = { maxHeaderBytes: 32_768, maxMessageBytes: 65_536 };

/** Why a stream can be followed no further: where its next message starts is unknown, so it has to be closed. */
export type FramingFault =
  | 'not SIP'
  | 'header too large'
  | 'message too large'
  | 'no Content-Length'
  | 'bad Content-Length'
  | 'conflicting Content-Length';

/** What a {@link StreamFramer} finds in a stream. It may call {@link StreamFramer.stop} from any of these. */
export interface FramerSink {
  /** One whole message. The bytes are the receiver's to keep. */
  message(bytes: Buffer): void;
  /** A double CRLF between messages, to be answered with a single one (RFC 5626 §4.4.1). */
  ping(): void;
  /** The last call: framing is lost, and whatever else is pushed is ignored. */
  fault(fault: FramingFault): void;
}

/**
 * Cuts a byte stream into SIP messages (RFC 3261 §18.3). Every byte is looked at once, however it is segmented.
 * Content-Length must be there on a stream; equal duplicates are let through for the parser to judge. Only CRLF ends
 * a line: a bare LF is an ordinary byte.
 */
export class StreamFramer {
  readonly #limits: FramerLimits;
  readonly #sink: FramerSink;
  #held: Buffer = EMPTY;
  #heldBytes = 0;
  /** How many bytes of the message at the front have been searched for the blank line. */
  #searched = 0;
  /** Size of the message at the front; 0 as long as its header is not complete. */
  #messageBytes = 0;
  #oddLineEnd = false;
  #pongExpected = false;
  #stopped = false;

  constructor(limits: FramerLimits, sink: FramerSink) {
    this.#limits = limits;
    this.#sink = sink;
  }

  /** Whether the beginning of a message is held back, waiting for its rest. */
  get partial(): boolean {
    return this.#heldBytes > 0;
  }

  /** Says that a ping was sent, so that the next lone CRLF is taken for its pong, not for half a ping. */
  expectPong(): void {
    this.#pongExpected = true;
  }

  /** Forgets what is held; nothing more comes out. */
  stop(): void {
    this.#stopped = true;
    this.#held = EMPTY;
    this.#heldBytes = 0;
  }

  /** Takes the next bytes of the stream, which the framer may keep. */
  push(chunk: Buffer): void {
    if (this.#stopped) return;
    const data = this.#heldBytes === 0 ? chunk : this.#append(chunk);
    let at = 0;
    while (at < data.length) {
      if (this.#messageBytes === 0) {
        if (this.#searched === 0) at = this.#skipLineEnds(data, at);
        if (this.#stopped || !this.#readHeader(data, at)) break;
      }
      if (data.length - at < this.#messageBytes) break;
      const message = data.subarray(at, at + this.#messageBytes);
      at += this.#messageBytes;
      this.#messageBytes = 0;
      this.#searched = 0;
      this.#oddLineEnd = false;
      this.#sink.message(message);
      if (this.#stopped) break;
    }
    if (!this.#stopped) this.#keep(data, at);
  }

  #append(chunk: Buffer): Buffer {
    const bytes = this.#heldBytes + chunk.length;
    if (bytes > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(bytes, 2 * this.#held.length));
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#heldBytes);
    this.#heldBytes = bytes;
    return this.#held.subarray(0, bytes);
  }

  /** Keeps what follows `at`. Messages that were cut out share the old buffer, so the rest moves to a new one. */
  #keep(data: Buffer, at: number): void {
    const rest = data.length - at;
    if (rest === 0) {
      this.#held = EMPTY;
      this.#heldBytes = 0;
    } else if (at > 0 || this.#heldBytes === 0) {
      const fresh = Buffer.allocUnsafe(Math.max(rest, SMALLEST_BUFFER));
      data.copy(fresh, 0, at);
      this.#held = fresh;
      this.#heldBytes = rest;
    }
  }

  /** Line ends before a start line mean nothing (RFC 3261 §7.5) but keep-alive (RFC 5626 §4.4.1). */
  #skipLineEnds(data: Buffer, start: number): number {
    let at = start;
    let lineEnds = this.#oddLineEnd ? 1 : 0;
    for (; data[at] === CR && data[at + 1] === LF; at += 2) lineEnds++;
    if (at === start) return at;
    for (; lineEnds >= 2 && !this.#stopped; lineEnds -= 2) this.#sink.ping();
    // Pairs come first: a peer that pings but never answers pings must not lose half of one of its own.
    this.#oddLineEnd = lineEnds === 1 && !this.#pongExpected;
    if (lineEnds === 1) this.#pongExpected = false;
    return at;
  }

  /** @returns whether the header of the message at `at` is complete, and its size known */
  #readHeader(data: Buffer, at: number): boolean {
    const available = data.length - at;
    const first = data[at];
    if (first === undefined || (first === CR && available === 1)) return false;
    if (this.#searched === 0 && (first <= SPACE || first >= 0x7f)) return this.#fail('not SIP');
    // The blank line may have begun in the last three bytes of what was searched before.
    const end = data.indexOf(BLANK_LINE, at + Math.max(0, this.#searched - 3));
    const headerBytes = end < 0 ? available : end + BLANK_LINE.length - at;
    if (headerBytes > this.#limits.maxHeaderBytes) return this.#fail('header too large');
    if (end < 0) {
      this.#searched = available;
      return false;
    }
    const bodyBytes = contentLength(data, at, end + 2);
    if (typeof bodyBytes === 'string') return this.#fail(bodyBytes);
    if (headerBytes + bodyBytes > this.#limits.maxMessageBytes) return this.#fail('message too large');
    this.#messageBytes = headerBytes + bodyBytes;
    return true;
  }

  #fail(fault: FramingFault): false {
    this.stop();
    this.#sink.fault(fault);
    return false;
  }
}

/** Reads Content-Length from the lines between `start` and `end`, the first being the start line. */
function contentLength(data: Buffer, start: number, end: number): number | FramingFault {
  let found = -1;
  let line = lineAfter(data, start);
  while (line < end) {
    // A folded field goes on as long as lines begin with white space (RFC 3261 §7.3.1).
    let next = lineAfter(data, line);
    while (next < end && isBlank(data[next]!)) next = lineAfter(data, next);
    const value = lengthFieldValue(data, line);
    if (value >= 0) {
      const bytes = readDecimal(data, value, next);
      if (bytes < 0) return 'bad Content-Length';
      if (found >= 0 && found !== bytes) return 'conflicting Content-Length';
      found = bytes;
    }
    line = next;
  }
  return found < 0 ? 'no Content-Length' : found;
}

/** @returns where the line after the one at `at` begins; a CRLF has to follow */
function lineAfter(data: Buffer, at: number): number {
  let lf = data.indexOf(LF, at);
  while (data[lf - 1] !== CR) lf = data.indexOf(LF, lf + 1);
  return lf + 1;
}

/** @returns where the value of a Content-Length field on the line at `at` begins; -1 for any other field */
function lengthFieldValue(data: Buffer, at: number): number {
  for (const name of LENGTH_NAMES) {
    let i = 0;
    // Setting bit 5 lowers letters and leaves the hyphen as it is; no other byte becomes one of these by it but CR.
    while (i < name.length && (data[at + i]! | 0x20) === name[i] && data[at + i] !== CR) i++;
    if (i < name.length) continue;
    let colon = at + i;
    while (isBlank(data[colon]!)) colon++;
    if (data[colon] === COLON) return colon + 1;
  }
  return -1;
}

/** Reads digits with white space round them; huge numbers saturate. @returns -1 for anything else */
function readDecimal(data: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(data[at]!)) at++;
  const firstDigit = at;
  let value = 0;
  while (at < end && data[at]! >= 0x30 && data[at]! <= 0x39) {
    value = Math.min(value * 10 + data[at]! - 0x30, Number.MAX_SAFE_INTEGER);
    at++;
  }
  if (at === firstDigit) return -1;
  while (at < end && isSpace(data[at]!)) at++;
  return at === end ? value : -1;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

function isSpace(byte: number): boolean {
  return isBlank(byte) || byte === CR || byte === LF;
}
