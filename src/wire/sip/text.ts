import { ServerError } from '../../base/errors.ts';

/**
 * Inside Viaduct the text of a message is a *byte string*: one character for each byte (latin1), so that every byte
 * passes untouched. Text that comes from people (scripts, configuration) is turned into its UTF-8 bytes first.
 */
export function toByteString(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.from(text, 'utf8').toString('latin1');
  }
  return text;
}

/** Node's own reader and writer beneath `toString('latin1')` and `write`, which take a third of their time. */
interface Latin1Bytes {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, at: number, length: number): number;
}

/** @returns `bytes[start, end)` as a byte string */
export function byteString(bytes: Buffer, start: number, end: number): string {
  return (bytes as Buffer & Latin1Bytes).latin1Slice(start, end);
}

/** Writes a byte string. @returns how many bytes it took */
export function writeByteString(bytes: Buffer, text: string, at: number): number {
  return (bytes as Buffer & Latin1Bytes).latin1Write(text, at, text.length);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @returns a byte string as people read it: UTF-8 where it is valid UTF-8, else as it is */
export function fromByteString(bytes: string): string {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes.charCodeAt(i) <= 0x7f) continue;
    try {
      return utf8.decode(Buffer.from(bytes, 'latin1'));
    } catch {
      return bytes;
    }
  }
  return bytes;
}

/**
 * Refuses what would break out of its field. A NUL behind a backslash passes, as it does through the parser: it is a
 * character of a quoted string (RFC 3261 §25.1 `quoted-pair`), and what came in must be able to go out.
 * @throws ServerError SIP_BAD_FIELD naming the field, for CR, LF, NUL, and characters that are no bytes
 */
export function checkField(field: string, value: string): string {
  const at = faultAt(value);
  if (at < 0) return value;
  const c = value.charCodeAt(at);
  const what = c === 13 ? 'a CR' : c === 10 ? 'an LF' : c === 0 ? 'a NUL' : 'a character outside latin1';
  throw new ServerError('SIP_BAD_FIELD', `${field}: ${what} at position ${at} is not allowed`, {
    hint: 'values are written into a message as they are; take line breaks and NULs out first',
  });
}

/** Whether {@link checkField} lets the value pass. */
export function isField(value: string): boolean {
  return faultAt(value) < 0;
}

/** What {@link faultAt} has to look at. V8 compiles it: it reads a text several times as fast as a loop over its characters. */
const UNUSUAL = /[\0\n\r\u0100-\uffff]/;

/** @returns where the first character stands that may not be in a field, or -1 */
function faultAt(value: string): number {
  if (!UNUSUAL.test(value)) return -1;
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i);
    if (c > 13 && c <= 0xff) continue;
    if (c === 13 || c === 10 || c > 0xff || (c === 0 && value.charCodeAt(i - 1) !== 0x5c)) return i;
  }
  return -1;
}

/** @throws ServerError SIP_BAD_FIELD for a URI that would break the start line */
export function checkRequestUri(uri: string): string {
  checkField('Request-URI', uri);
  if (uri.length === 0 || uri.indexOf(' ') >= 0 || uri.indexOf('\t') >= 0) {
    throw new ServerError('SIP_BAD_FIELD', `Request-URI: "${uri}" is empty or has a blank inside`);
  }
  return uri;
}

/** @returns the text with every folded line break (CRLF and white space, RFC 3261 §7.3.1) as one space */
export function unfold(text: string): string {
  let at = text.indexOf('\r\n');
  if (at < 0) return text;
  let out = '';
  let from = 0;
  while (at >= 0) {
    let end = at;
    while (end > from && isBlank(text.charCodeAt(end - 1))) end--;
    out += text.slice(from, end);
    from = at + 2;
    while (from < text.length && isBlank(text.charCodeAt(from))) from++;
    if (from < text.length && out.length > 0 && !out.endsWith(' ')) out += ' ';
    at = text.indexOf('\r\n', from);
  }
  return out + text.slice(from);
}

/** @returns the text as `trimEnd` gives it, which is mostly the text itself */
export function trimmedEnd(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last > 0x20 && last < 0x7f ? text : text.trimEnd();
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09;
}

/** @returns a table with 1 at the bytes that the text holds */
export function byteTable(bytes: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const c of bytes) table[c.charCodeAt(0)] = 1;
  return table;
}

const TOKEN = byteTable("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~");

/** Whether the byte may stand in a token (RFC 3261 §25.1). */
export function isTokenByte(c: number): boolean {
  return TOKEN[c] === 1;
}

/** Whether the text is a token: not empty, and of token characters only. */
export function isToken(text: string): boolean {
  if (text.length === 0) return false;
  for (let i = 0; i < text.length; i++) {
    if (TOKEN[text.charCodeAt(i)] !== 1) return false;
  }
  return true;
}

/** As {@link parseDecimal}, for `bytes[start, end)`. @returns -1 for what is no number */
export function decimalAt(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > 15) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** @returns the number that the text spells in plain decimal digits, or undefined; never more than 2⁵³ */
export function parseDecimal(text: string): number | undefined {
  if (text.length === 0 || text.length > 15) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}
