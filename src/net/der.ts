/** Writes DER (X.690): as much of it as a certificate needs. */

const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const FIRST_GENERALIZED_YEAR = 2050;

/** @param tag the whole identifier octet, class and form included */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const digits = bigEndian(length);
  return Buffer.concat([Buffer.of(tag, 0x80 | digits.length), digits, content]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(SEQUENCE, ...parts);
}

export function set(...parts: readonly Uint8Array[]): Buffer {
  return der(SET, ...parts);
}

export function boolean(value: boolean): Buffer {
  return der(BOOLEAN, Buffer.of(value ? 0xff : 0));
}

/** @param bytes an unsigned number, big-endian */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  // A first bit that is set would make it negative.
  return (digits[0] ?? 0) & 0x80 ? der(INTEGER, Buffer.of(0), digits) : der(INTEGER, digits);
}

export function bitString(bytes: Uint8Array): Buffer {
  return der(BIT_STRING, Buffer.of(0), bytes);
}

export function octetString(bytes: Uint8Array): Buffer {
  return der(OCTET_STRING, bytes);
}

export function utf8String(text: string): Buffer {
  return der(UTF8_STRING, Buffer.from(text, 'utf8'));
}

/** @param dotted `1.2.840.10045.4.3.2` */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  for (const arc of [40 * first + second, ...rest]) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift(0x80 | (left & 0x7f));
    bytes.push(...groups);
  }
  return der(OBJECT_IDENTIFIER, Buffer.from(bytes));
}

/** To the second; years from 2050 on have four digits (RFC 5280 §4.1.2.5). */
export function time(milliseconds: number): Buffer {
  const digits = `${new Date(milliseconds).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
  return Number(digits.slice(0, 4)) < FIRST_GENERALIZED_YEAR
    ? der(UTC_TIME, Buffer.from(digits.slice(2), 'latin1'))
    : der(GENERALIZED_TIME, Buffer.from(digits, 'latin1'));
}

function bigEndian(number: number): Buffer {
  const bytes: number[] = [];
  for (let left = number; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256);
  return Buffer.from(bytes);
}
