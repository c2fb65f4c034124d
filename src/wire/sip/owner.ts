/*
 * Whose a message is where several workers share the work, so that all messages of one call meet on one worker:
 *
 * - a response: the worker that its topmost branch names, if that is one of ours;
 * - a REGISTER: by the user in To, so that all of an address-of-record meet;
 * - anything else: by the Call-ID.
 *
 * The scan is light: it reads no further than to the headers that it needs, and judges nothing. native/owner.c does the
 * same byte for byte: change both or none.
 */

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PERCENT = 0x25;
const COMMA = 0x2c;
const DOT = 0x2e;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const ANGLE = 0x3c;
const EQUALS = 0x3d;
const END_ANGLE = 0x3e;
const QUESTION = 0x3f;
const AT = 0x40;
const BACKSLASH = 0x5c;
const C = 0x63;
const I = 0x69;
const T = 0x74;
const V = 0x76;

/** Of a branch: see `transaction/branch.ts`. */
const MAGIC = 'z9hG4bK';
const INDEX_LENGTH = 5;
const COOKIE_LENGTH = 8;

const FNV_OFFSET = 0x811c9dc5;

/** @returns the index of the worker, below `count`; -1 where the bytes do not say */
export function messageOwner(bytes: Buffer, count: number): number {
  const end = bytes.length;
  let at = 0;
  while (at < end && isBreak(bytes[at]!)) at++;
  let registers = begins(bytes, at, end, 'REGISTER ');
  let viaRead = behind(bytes, at, end, 'sip/') < 0;
  let callStart = 0;
  let callEnd = 0;
  for (at = lineEnd(bytes, at, end); at < end && !isBreak(bytes[at]!); at = lineEnd(bytes, at, end)) {
    const first = lower(bytes[at]!);
    if (first === C || first === I) {
      const value = callStart < callEnd ? -1 : valueBehind(bytes, at, end, first === C ? 'call-id' : 'i');
      if (value >= 0) {
        callStart = skipSpace(bytes, value, end);
        callEnd = callStart;
        while (callEnd < end && !isSpace(bytes[callEnd]!)) callEnd++;
      }
    } else if (first === V && !viaRead) {
      const value = eitherValue(bytes, at, end, 'via', 'v');
      if (value >= 0) {
        viaRead = true;
        const worker = viaWorker(bytes, value, headerEnd(bytes, at, end));
        if (worker >= 0 && worker < count) return worker;
      }
    } else if (first === T && registers) {
      const value = eitherValue(bytes, at, end, 'to', 't');
      if (value >= 0) {
        const hash = userHash(bytes, value, headerEnd(bytes, at, end));
        if (hash >= 0) return hash % count;
        registers = false;
      }
    }
    if (!registers && viaRead && callStart < callEnd) break;
  }
  return callStart === callEnd ? -1 : hashOf(bytes, callStart, callEnd) % count;
}

/** @returns the index of the worker to which everything with that Call-ID belongs but REGISTERs */
export function callOwner(callId: string, count: number): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < callId.length; i++) hash = hashByte(hash, callId.charCodeAt(i) & 0xff);
  return mixed(hash) % count;
}

/** @returns the index of the worker to which the REGISTERs of an address-of-record belong */
export function aorOwner(aor: string, count: number): number {
  const bytes = Buffer.from(aor, 'latin1');
  return Math.max(0, userHash(bytes, 0, bytes.length)) % count;
}

/**
 * A Call-ID whose calls belong to one worker: `head` and `tail`, with as many characters between them as that takes.
 * @param index that of the worker, of `count`
 */
export function callIdOwnedBy(index: number, count: number, head: string, tail: string): string {
  for (let salt = 0; ; salt++) {
    const callId = `${head}${salt === 0 ? '' : salt.toString(36)}${tail}`;
    if (callOwner(callId, count) === index) return callId;
  }
}

function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = FNV_OFFSET;
  for (let at = start; at < end; at++) hash = hashByte(hash, bytes[at]!);
  return mixed(hash);
}

/** Escapes count as what they stand for. */
function hashOfUser(bytes: Buffer, start: number, end: number): number {
  let hash = FNV_OFFSET;
  for (let at = start; at < end; at++) {
    let byte = bytes[at]!;
    if (byte === PERCENT && end - at > 2) {
      const high = hexDigit(bytes[at + 1]!);
      const low = hexDigit(bytes[at + 2]!);
      if (high >= 0 && low >= 0) {
        byte = high * 16 + low;
        at += 2;
      }
    }
    hash = hashByte(hash, byte);
  }
  return mixed(hash);
}

/** FNV-1a, 32 bits. */
function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

/** FNV leaves the low bits of similar texts similar, and they decide. */
function mixed(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The hash of the user of the URI in a To, without its password; of the host where it has none; -1 where there is no URI. */
function userHash(bytes: Buffer, value: number, stop: number): number {
  let at = skipSpace(bytes, value, stop);
  if (at < stop && bytes[at] === QUOTE) at = skipQuoted(bytes, at, stop);
  let angle = at;
  while (angle < stop && bytes[angle] !== ANGLE) angle++;
  if (angle < stop) at = angle + 1;
  while (at < stop && bytes[at] !== COLON) at++;
  if (at >= stop) return -1;
  const start = ++at;
  while (at < stop && bytes[at] !== AT && bytes[at] !== END_ANGLE && !isSpace(bytes[at]!)) at++;
  const hasUser = at < stop && bytes[at] === AT;
  let last = start;
  while (last < at && bytes[last] !== COLON) {
    if (!hasUser && (bytes[last] === SEMICOLON || bytes[last] === QUESTION)) break;
    last++;
  }
  return start === last ? -1 : hashOfUser(bytes, start, last);
}

/** The worker in the branch of the first Via of a value; -1 where that is none of ours. */
function viaWorker(bytes: Buffer, value: number, stop: number): number {
  let at = value;
  while (at < stop && bytes[at] !== COMMA) {
    const c = bytes[at]!;
    if (c === QUOTE) {
      at = skipQuoted(bytes, at, stop);
      continue;
    }
    at++;
    if (c !== SEMICOLON) continue;
    let next = behind(bytes, skipSpace(bytes, at, stop), stop, 'branch');
    if (next < 0) continue;
    next = skipSpace(bytes, next, stop);
    if (next < stop && bytes[next] === EQUALS) {
      return branchWorker(bytes, skipSpace(bytes, next + 1, stop), stop);
    }
  }
  return -1;
}

function branchWorker(bytes: Buffer, start: number, stop: number): number {
  if (!begins(bytes, start, stop, MAGIC)) return -1;
  const index = start + MAGIC.length;
  const cookie = index + INDEX_LENGTH;
  const after = cookie + COOKIE_LENGTH;
  if (after > stop) return -1;
  for (let at = index; at < cookie; at++) if (base36Digit(bytes[at]!) < 0) return -1;
  for (let at = cookie; at < after; at++) if (endsBranch(bytes[at]!)) return -1;
  return after === stop || endsBranch(bytes[after]!) ? base36Digit(bytes[index]!) : -1;
}

function endsBranch(c: number): boolean {
  return c === DOT || c === SEMICOLON || c === COMMA || isSpace(c);
}

/** Where the value of the header `name` begins; -1 where the line is another. */
function valueBehind(bytes: Buffer, line: number, end: number, name: string): number {
  let at = behind(bytes, line, end, name);
  if (at < 0) return -1;
  while (at < end && isBlank(bytes[at]!)) at++;
  return at < end && bytes[at] === COLON ? at + 1 : -1;
}

function eitherValue(bytes: Buffer, line: number, end: number, name: string, compact: string): number {
  const value = valueBehind(bytes, line, end, name);
  return value < 0 ? valueBehind(bytes, line, end, compact) : value;
}

function lineEnd(bytes: Buffer, at: number, end: number): number {
  const found = bytes.indexOf(LF, at);
  return found < 0 ? end : found + 1;
}

/** Behind the lines that continue a header too (RFC 3261 §7.3.1). */
function headerEnd(bytes: Buffer, line: number, end: number): number {
  let at = lineEnd(bytes, line, end);
  while (at < end && isBlank(bytes[at]!)) at = lineEnd(bytes, at, end);
  return at;
}

function skipSpace(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const c = bytes[at]!;
    if (isBlank(c)) {
      at++;
      continue;
    }
    if (!isBreak(c)) break;
    let next = at + 1;
    if (c === CR && next < end && bytes[next] === LF) next++;
    if (next >= end || !isBlank(bytes[next]!)) break;
    at = next + 1;
  }
  return at;
}

function skipQuoted(bytes: Buffer, from: number, end: number): number {
  for (let at = from + 1; at < end; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === QUOTE) return at + 1;
  }
  return end;
}

function begins(bytes: Buffer, at: number, end: number, word: string): boolean {
  if (end - at < word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return false;
  return true;
}

/** Behind the word, in any case, that begins at `at`; -1 where it does not. */
function behind(bytes: Buffer, at: number, end: number, word: string): number {
  if (end - at < word.length) return -1;
  for (let i = 0; i < word.length; i++) if (lower(bytes[at + i]!) !== word.charCodeAt(i)) return -1;
  return at + word.length;
}

function lower(c: number): number {
  return c >= 0x41 && c <= 0x5a ? c | 0x20 : c;
}

function isBlank(c: number): boolean {
  return c === SPACE || c === HTAB;
}

function isBreak(c: number): boolean {
  return c === CR || c === LF;
}

function isSpace(c: number): boolean {
  return isBlank(c) || isBreak(c);
}

function hexDigit(c: number): number {
  const digit = base36Digit(lower(c));
  return digit < 16 ? digit : -1;
}

function base36Digit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  return c >= 0x61 && c <= 0x7a ? c - 0x57 : -1;
}
