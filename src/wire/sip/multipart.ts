import { findParam, paramValue, sameName, unquote } from './params.ts';
import { byteString, parseDecimal } from './text.ts';

/** RFC 2046 §5.1.1. */
const LONGEST_BOUNDARY = 70;
/** More parts, header lines or nesting than any call has: what is beyond is not looked at. */
const MOST_PARTS = 32;
const MOST_HEADERS = 32;
const DEEPEST = 4;

/** A part of a body: `start` and `end` are byte positions of its content, without headers and delimiters. */
export interface BodyPart {
  /** Its Content-Type, as written. */
  readonly contentType: string;
  readonly start: number;
  readonly end: number;
  /** Where the digits of its own Content-Length stand, which some write into parts. */
  readonly lengthAt: readonly [start: number, end: number] | undefined;
}

/**
 * Finds the first part of a media type such as `application/sdp`: the body itself, or a part of a multipart body, nested
 * ones included (RFC 5621 §3). Parts under a transfer encoding that changes their bytes are passed over.
 * @param contentType of the whole body, as its header field says
 * @returns undefined where there is none, and for a multipart body whose boundary is missing, too long or never found
 */
export function findBodyPart(contentType: string, body: Buffer, wanted: string): BodyPart | undefined {
  const whole: BodyPart = { contentType, start: 0, end: body.length, lengthAt: undefined };
  return search(whole, byteString(body, 0, body.length), wanted.toLowerCase(), 0);
}

/** @returns the body with that part's content replaced, everything else byte for byte */
export function replaceBodyPart(body: Buffer, part: BodyPart, content: Buffer): Buffer {
  const { start, end, lengthAt } = part;
  const pieces = lengthAt
    ? [body.subarray(0, lengthAt[0]), Buffer.from(String(content.length)), body.subarray(lengthAt[1], start)]
    : [body.subarray(0, start)];
  return Buffer.concat([...pieces, content, body.subarray(end)]);
}

function search(part: BodyPart, text: string, wanted: string, depth: number): BodyPart | undefined {
  const semi = part.contentType.indexOf(';');
  const type = (semi < 0 ? part.contentType : part.contentType.slice(0, semi)).trim().toLowerCase();
  if (type === wanted) return part;
  if (depth === DEEPEST || !type.startsWith('multipart/') || semi < 0) return undefined;
  const params = part.contentType.slice(semi);
  const boundary = findParam(params, 'boundary') && unquote(paramValue(params, 'boundary') ?? '');
  if (!boundary || boundary.length > LONGEST_BOUNDARY) return undefined;
  for (const [start, end] of splitParts(text, part.start, part.end, `--${boundary}`)) {
    const inner = readPart(text, start, end);
    const found = inner && search(inner, text, wanted, depth + 1);
    if (found) return found;
  }
  return undefined;
}

/** Where parts stand between delimiter lines; the last one may want its closing delimiter. */
function splitParts(text: string, start: number, end: number, delimiter: string): [number, number][] {
  const parts: [number, number][] = [];
  let partStart = -1;
  for (let at = start; at < end && parts.length < MOST_PARTS; ) {
    const lf = text.indexOf('\n', at);
    const next = lf < 0 || lf >= end ? end : lf + 1;
    const kind = text.startsWith(delimiter, at) ? delimiterKind(text, at + delimiter.length, next) : 0;
    if (kind !== 0) {
      if (partStart >= 0) parts.push([partStart, Math.max(partStart, beforeLineEnd(text, at))]);
      if (kind === 2) return parts;
      partStart = next;
    }
    at = next;
  }
  if (partStart >= 0 && partStart < end && parts.length < MOST_PARTS) parts.push([partStart, end]);
  return parts;
}

/** What stands behind the boundary in its line: 1 only blanks, 2 the closing `--`, 0 more, so that it is no delimiter. */
function delimiterKind(text: string, from: number, lineEnd: number): 0 | 1 | 2 {
  const closing = text.startsWith('--', from);
  for (let at = closing ? from + 2 : from; at < lineEnd; at++) {
    const c = text.charCodeAt(at);
    if (c !== 0x20 && c !== 0x09 && c !== 0x0d && c !== 0x0a) return 0;
  }
  return closing ? 2 : 1;
}

/** The line break before a delimiter belongs to the delimiter (RFC 2046 §5.1.1). */
function beforeLineEnd(text: string, at: number): number {
  if (text.charCodeAt(at - 1) !== 0x0a) return at;
  return text.charCodeAt(at - 2) === 0x0d ? at - 2 : at - 1;
}

/** Reads a part's headers; undefined where they do not end, name no type, or name an encoding. */
function readPart(text: string, start: number, end: number): BodyPart | undefined {
  let contentType: string | undefined;
  let lengthAt: [number, number] | undefined;
  let at = start;
  for (let count = 0; at < end && count < MOST_HEADERS; count++) {
    const lf = text.indexOf('\n', at);
    if (lf < 0 || lf >= end) return undefined;
    const lineEnd = text.charCodeAt(lf - 1) === 0x0d ? lf - 1 : lf;
    if (lineEnd <= at) {
      return contentType === undefined ? undefined : { contentType, start: lf + 1, end, lengthAt };
    }
    const colon = text.indexOf(':', at);
    if (colon > 0 && colon < lineEnd) {
      const name = text.slice(at, colon).trimEnd();
      const value = text.slice(colon + 1, lineEnd).trim();
      if (sameName(name, 'Content-Type')) contentType ??= value;
      else if (sameName(name, 'Content-Transfer-Encoding') && !isPlain(value)) return undefined;
      else if (sameName(name, 'Content-Length') && parseDecimal(value) !== undefined) {
        const valueStart = text.indexOf(value, colon + 1);
        lengthAt ??= [valueStart, valueStart + value.length];
      }
    }
    at = lf + 1;
  }
  return undefined;
}

function isPlain(encoding: string): boolean {
  return sameName(encoding, 'binary') || sameName(encoding, '8bit') || sameName(encoding, '7bit');
}
