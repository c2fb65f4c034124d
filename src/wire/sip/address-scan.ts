import { byteTable } from './text.ts';

/**
 * Addresses read where they stand, without making anything of them: what most of them are asked on their way is only
 * whether they can be read, and a tag, a host or a port. These functions know the plain forms, which nearly all have, and
 * say false of all others: `NameAddr` and `Uri` are asked then. What they do take they take as those do.
 */

/** Where the parts of a name-addr or addr-spec stand. */
export interface AddressBounds {
  uriStart: number;
  uriEnd: number;
  /** From the first `;` behind the URI; both at the end where there is none. */
  paramsStart: number;
  paramsEnd: number;
  /** Whether a comma stands outside quotes and brackets: in a header that lists values it is more than one. */
  hasComma: boolean;
}

/** Where the parts of a `sip:` or `sips:` URI stand. */
export interface UriBounds {
  secure: boolean;
  hostStart: number;
  hostEnd: number;
  /** 0 where none is written. */
  port: number;
  /** From the first `;`; both at one place where there is none. */
  paramsStart: number;
  paramsEnd: number;
  /** Whether a `?` and headers follow. */
  hasHeaders: boolean;
}

/** Where a parameter's value stands; -1 for one without `=`. */
export interface ValueBounds {
  start: number;
  end: number;
}

// One of each for all who ask, for they are asked for each message: read them before the next scan.
export const address: AddressBounds = {
  uriStart: 0,
  uriEnd: 0,
  paramsStart: 0,
  paramsEnd: 0,
  hasComma: false,
};
export const uri: UriBounds = {
  secure: false,
  hostStart: 0,
  hostEnd: 0,
  port: 0,
  paramsStart: 0,
  paramsEnd: 0,
  hasHeaders: false,
};
export const value: ValueBounds = { start: -1, end: -1 };

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const DOT = 0x2e;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const QUESTION = 0x3f;
const AT = 0x40;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
/** White space to those who trim strings. */
const NO_BREAK_SPACE = 0xa0;

/**
 * Finds the parts of the address at `bytes[start, end)`, blanks round it left out, in {@link address}.
 * @returns true only where `NameAddr.parse` reads the same
 */
export function scanAddress(bytes: Uint8Array, start: number, end: number): boolean {
  address.hasComma = false;
  let at = start;
  if (bytes[at] === QUOTE && at < end) {
    at = quotedEnd(bytes, at + 1, end);
    while (at < end && bytes[at] === SPACE) at++;
    return at < end && bytes[at] === LESS && scanBracketed(bytes, at, end);
  }
  while (at < end) {
    const c = bytes[at]!;
    if (c === LESS) return scanBracketed(bytes, at, end);
    if (c < SPACE || c === QUOTE || c === NO_BREAK_SPACE) return false;
    if (c === COLON || c === SEMICOLON) break;
    if (c === COMMA) address.hasComma = true;
    at++;
  }
  // An addr-spec: without angle brackets every parameter is the header's (RFC 3261 §20).
  while (at < end && bytes[at] !== SEMICOLON) {
    const c = bytes[at]!;
    if (c <= SPACE || c === QUOTE || c === NO_BREAK_SPACE) return false;
    if (c === COMMA) address.hasComma = true;
    at++;
  }
  address.uriStart = start;
  address.uriEnd = at;
  return at > start && bytes[at - 1] !== SPACE && scanParams(bytes, at, end);
}

/** @returns the position behind the quote that ends the string; `end` where none does, or it has controls inside */
function quotedEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const c = bytes[at]!;
    if (c === QUOTE) return at + 1;
    if (c < SPACE) return end;
    at += c === BACKSLASH ? 2 : 1;
  }
  return end;
}

function scanBracketed(bytes: Uint8Array, less: number, end: number): boolean {
  let at = less + 1;
  while (at < end && bytes[at] !== GREATER) {
    if (bytes[at]! < SPACE) return false;
    at++;
  }
  if (at >= end) return false;
  address.uriStart = less + 1;
  address.uriEnd = at;
  at++;
  while (at < end && bytes[at] === SPACE) at++;
  return (at >= end || bytes[at] === SEMICOLON) && scanParams(bytes, at, end);
}

function scanParams(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end; at++) {
    const c = bytes[at]!;
    if (c < SPACE || c === QUOTE || c === NO_BREAK_SPACE) return false;
    if (c === COMMA) address.hasComma = true;
  }
  address.paramsStart = from;
  address.paramsEnd = end;
  return true;
}

/**
 * Finds the parts of the URI at `bytes[start, end)` in {@link uri}.
 * @returns true only where `Uri.parse` reads the same, and it is a `sip:` or `sips:` URI
 */
export function scanUri(bytes: Uint8Array, start: number, end: number): boolean {
  const from = schemeEnd(bytes, start, end);
  if (from < 0) return false;
  let userEnd = -1;
  for (let at = from; at < end; at++) {
    const c = bytes[at]!;
    if (c <= SPACE || c === 0x7f || c === LESS || c === GREATER || c === QUOTE) return false;
    if (c !== AT) continue;
    if (userEnd >= 0) return false;
    userEnd = at;
  }
  if (userEnd === from || (userEnd > from && bytes[from] === COLON)) return false;
  return scanHostPort(bytes, userEnd < 0 ? from : userEnd + 1, end);
}

/**
 * Finds the parts of the URI of a header value that is one address alone, in {@link uri}.
 * @returns true only for the plain form of such an address
 */
export function scanOneAddress(bytes: Uint8Array, start: number, end: number): boolean {
  if (!scanAddress(bytes, start, end) || address.hasComma) return false;
  return scanUri(bytes, address.uriStart, address.uriEnd);
}

/** Whether a header value is one address alone, and names this very host and port. */
export function isAddressOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  host: string,
  port: number,
): boolean {
  if (!scanOneAddress(bytes, start, end) || uri.port !== port) return false;
  return isTextAt(bytes, uri.hostStart, uri.hostEnd, host);
}

/** @returns the position behind `sip:` or `sips:`, in lower case; -1 for any other scheme */
function schemeEnd(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 5 || bytes[start] !== 0x73 || bytes[start + 1] !== 0x69 || bytes[start + 2] !== 0x70) {
    return -1;
  }
  uri.secure = bytes[start + 3] === 0x73;
  const colon = uri.secure ? start + 4 : start + 3;
  return bytes[colon] === COLON ? colon + 1 : -1;
}

function scanHostPort(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  if (bytes[at] === DOT || bytes[at] === OPEN_BRACKET) return false;
  while (at < end && HOST_BYTES[bytes[at]!] === 1) {
    if (bytes[at] === DOT && bytes[at - 1] === DOT) return false;
    at++;
  }
  if (at === start) return false;
  uri.hostStart = start;
  uri.hostEnd = at;
  uri.port = 0;
  if (at < end && bytes[at] === COLON) {
    const portStart = ++at;
    while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39 && at - portStart < 5) {
      uri.port = uri.port * 10 + bytes[at]! - 0x30;
      at++;
    }
    if (uri.port === 0 || uri.port > 65535) return false;
  }
  uri.paramsStart = at;
  while (at < end && bytes[at] !== QUESTION) at++;
  uri.paramsEnd = at;
  uri.hasHeaders = at < end;
  return uri.paramsStart === at || bytes[uri.paramsStart] === SEMICOLON;
}

/**
 * Finds the first parameter of that name in {@link value}, in text without quotes.
 * @param name in lower case
 * @returns false where there is none
 */
export function scanValue(bytes: Uint8Array, start: number, end: number, name: string): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] !== SEMICOLON) continue;
    let from = at + 1;
    while (from < end && bytes[from] === SPACE) from++;
    if (!isNamed(bytes, from, end, name)) continue;
    findValue(bytes, from + name.length, end);
    return true;
  }
  return false;
}

function isNamed(bytes: Uint8Array, from: number, end: number, name: string): boolean {
  const behind = from + name.length;
  if (behind > end) return false;
  for (let i = 0; i < name.length; i++) {
    const c = bytes[from + i]!;
    const lower = c >= 0x41 && c <= 0x5a ? c + 0x20 : c;
    if (lower !== name.charCodeAt(i)) return false;
  }
  const c = bytes[behind];
  return behind === end || c === SEMICOLON || c === EQUALS || c === SPACE;
}

function findValue(bytes: Uint8Array, nameEnd: number, end: number): void {
  let at = nameEnd;
  while (at < end && bytes[at] === SPACE) at++;
  value.start = -1;
  value.end = -1;
  if (at >= end || bytes[at] !== EQUALS) return;
  at++;
  while (at < end && bytes[at] === SPACE) at++;
  value.start = at;
  while (at < end && bytes[at] !== SEMICOLON) at++;
  while (at > value.start && bytes[at - 1] === SPACE) at--;
  value.end = at;
}

/** Whether the text stands at `bytes[start, end)`. */
export function isTextAt(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (bytes[start + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

// As `Uri` has it: '_' is no legal host character, but names in the wild have it.
const HOST_BYTES = byteTable('0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._');
