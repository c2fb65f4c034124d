import { byteTable } from './text.ts';

/**
 * Undoes the %-escapes of a URI part (RFC 3261 §25.1 `escaped`). A `%` without two hexadecimal digits stays.
 * @returns a byte string, which may hold any byte, NUL and line breaks too
 */
export function undoEscapes(text: string): string {
  return unescapeBytes(text, NONE);
}

/**
 * Brings a URI part into the form in which two can be compared (RFC 3261 §19.1.4): escapes of reserved characters
 * mean something else than the bare character and stay, in one spelling; all others are undone.
 */
export function undoUnreservedEscapes(text: string): string {
  return unescapeBytes(text, RESERVED);
}

function unescapeBytes(text: string, kept: Uint8Array): string {
  let at = text.indexOf('%');
  if (at < 0) return text;
  let out = '';
  let from = 0;
  while (at >= 0) {
    const high = hexDigit(text.charCodeAt(at + 1));
    const low = hexDigit(text.charCodeAt(at + 2));
    if (high >= 0 && low >= 0) {
      const c = high * 16 + low;
      out += text.slice(from, at) + (kept[c] === 1 ? `%${HEX[high]}${HEX[low]}` : String.fromCharCode(c));
      from = at + 3;
    }
    at = text.indexOf('%', Math.max(from, at + 1));
  }
  return out + text.slice(from);
}

/**
 * Escapes what cannot stand in the user part of a SIP URI (RFC 3261 §25.1 `user`).
 * @param text a byte string
 */
export function escapeUser(text: string): string {
  return escapeBytes(text, USER_BYTES);
}

/** As {@link escapeUser}, for the value of a URI parameter (RFC 3261 §25.1 `paramchar`). */
export function escapeParam(text: string): string {
  return escapeBytes(text, PARAM_BYTES);
}

function escapeBytes(text: string, plain: Uint8Array): string {
  let out = '';
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (plain[c] === 1) continue;
    out += `${text.slice(from, at)}%${HEX[c >> 4]}${HEX[c & 15]}`;
    from = at + 1;
  }
  return from === 0 ? text : out + text.slice(from);
}

const HEX = '0123456789ABCDEF';
const UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
const USER_BYTES = byteTable(`${UNRESERVED}&=+$,;?/`);
const PARAM_BYTES = byteTable(`${UNRESERVED}[]/:&+$`);

const RESERVED = byteTable(';/?:@&=+$,%');
const NONE = byteTable('');

function hexDigit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  if (c >= 0x41 && c <= 0x46) return c - 0x37;
  if (c >= 0x61 && c <= 0x66) return c - 0x57;
  return -1;
}
