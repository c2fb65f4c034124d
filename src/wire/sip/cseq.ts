import { methodAt } from './method.ts';
import { byteString, decimalAt, isToken, isTokenByte, parseDecimal, unfold } from './text.ts';

export interface CSeq {
  /** Below 2³¹ (RFC 3261 §8.1.1.5). */
  readonly number: number;
  readonly method: string;
}

const LIMIT = 2 ** 31;

/** @returns the CSeq at `bytes[start, end)`; undefined for what is no number and a method */
export function readCSeq(bytes: Buffer, start: number, end: number): CSeq | undefined {
  let space = start;
  while (space < end && bytes[space] !== 0x20) space++;
  const number = decimalAt(bytes, start, space);
  // Digits, one space and a token are read where they stand, as nearly all write it; whatever else there is, as text.
  return number >= 0 && number < LIMIT && isTokenAt(bytes, space + 1, end)
    ? { number, method: methodAt(bytes, space + 1, end) }
    : parseCSeq(unfold(byteString(bytes, start, end)));
}

function isTokenAt(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (!isTokenByte(bytes[at]!)) return false;
  }
  return start < end;
}

function parseCSeq(text: string): CSeq | undefined {
  let end = 0;
  while (end < text.length && text.charCodeAt(end) > 0x20) end++;
  const number = parseDecimal(text.slice(0, end));
  const method = text.slice(end).trim();
  if (number === undefined || number >= LIMIT || !isToken(method)) return undefined;
  return { number, method };
}
