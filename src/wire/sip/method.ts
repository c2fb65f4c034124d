import { isTextAt } from './address-scan.ts';
import { byteString } from './text.ts';

const METHODS = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'REGISTER',
  'MESSAGE',
  'SUBSCRIBE',
  'NOTIFY',
  'REFER',
  'INFO',
  'UPDATE',
  'PRACK',
  'PUBLISH',
] as const;

/** By length and first letter, which no two of them share. */
const byShape: (string | undefined)[] = new Array(16 * 32).fill(undefined);
for (const method of METHODS) byShape[(method.length << 5) | (method.charCodeAt(0) & 31)] = method;

/**
 * The method at `bytes[start, end)`, as written (methods are case-sensitive, RFC 3261 §7.1). Of the usual ones no text is
 * made: there is one of each, and two of them are the same where they are the same text.
 */
export function methodAt(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  const usual = length > 0 && length < 16 ? byShape[(length << 5) | (bytes[start]! & 31)] : undefined;
  return usual !== undefined && isTextAt(bytes, start, end, usual) ? usual : byteString(bytes, start, end);
}
