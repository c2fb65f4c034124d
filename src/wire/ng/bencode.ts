import { ServerError } from '../../base/errors.ts';
import { DEEPEST, emptyDictionary, type NgValue } from './value.ts';

/** Counters have up to 64 bits; beyond 2⁵³ they are read as the number nearest to them. */
const LARGEST = 2 ** 64;
const MOST_DIGITS = 20;

/** @param text a byte string. @returns undefined for what is no single bencoded value, or nests too deep */
export function parseBencode(text: string): NgValue | undefined {
  const reader = new Reader(text);
  const value = reader.value(0);
  return value !== undefined && reader.at === text.length ? value : undefined;
}

/** @returns the value as a byte string, keys sorted. @throws ServerError SIP_BAD_FIELD for numbers that are not whole */
export function printBencode(value: NgValue): string {
  if (typeof value === 'string') return `${value.length}:${checkBytes(value)}`;
  if (typeof value === 'number') {
    if (!Number.isInteger(value))
      throw new ServerError('SIP_BAD_FIELD', `ng message: ${value} is no whole number`);
    return `i${BigInt(value)}e`;
  }
  if (Array.isArray(value)) return `l${value.map(printBencode).join('')}e`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `d${entries.map(([key, entry]) => printBencode(key) + printBencode(entry)).join('')}e`;
}

function checkBytes(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0xff) {
      throw new ServerError('SIP_BAD_FIELD', `ng message: a character outside latin1 at position ${i}`);
    }
  }
  return text;
}

class Reader {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): NgValue | undefined {
    switch (this.#text.charAt(this.at)) {
      case 'i':
        return this.#integer();
      case 'l':
        return this.#list(depth + 1);
      case 'd':
        return this.#dictionary(depth + 1);
      default:
        return this.#string();
    }
  }

  #list(depth: number): NgValue | undefined {
    if (depth > DEEPEST) return undefined;
    const list: NgValue[] = [];
    for (this.at++; !this.#ends(); ) {
      const value = this.value(depth);
      if (value === undefined) return undefined;
      list.push(value);
    }
    return list;
  }

  #dictionary(depth: number): NgValue | undefined {
    if (depth > DEEPEST) return undefined;
    const dictionary = emptyDictionary();
    for (this.at++; !this.#ends(); ) {
      const key = this.#string();
      const value = key === undefined ? undefined : this.value(depth);
      if (value === undefined) return undefined;
      dictionary[key!] = value;
    }
    return dictionary;
  }

  /** Passes the `e` of a list or dictionary, where it stands. */
  #ends(): boolean {
    if (this.#text.charAt(this.at) !== 'e') return false;
    this.at++;
    return true;
  }

  #integer(): number | undefined {
    const end = this.#text.indexOf('e', this.at);
    const negative = this.#text.charAt(this.at + 1) === '-';
    const value = end < 0 ? undefined : this.#digits(this.at + (negative ? 2 : 1), end);
    if (value === undefined || value > LARGEST || (negative && value === 0)) return undefined;
    this.at = end + 1;
    return negative ? -value : value;
  }

  #string(): string | undefined {
    // The length is never long, so that no far colon is looked for.
    let colon = this.at;
    while (colon - this.at < MOST_DIGITS && isDigit(this.#text.charCodeAt(colon))) colon++;
    const length = this.#text.charAt(colon) === ':' ? this.#digits(this.at, colon) : undefined;
    if (length === undefined || length > this.#text.length - colon - 1) return undefined;
    this.at = colon + 1 + length;
    return this.#text.slice(colon + 1, this.at);
  }

  /** Decimal digits without leading zeros. */
  #digits(start: number, end: number): number | undefined {
    if (end <= start || end - start > MOST_DIGITS) return undefined;
    if (end - start > 1 && this.#text.charAt(start) === '0') return undefined;
    for (let at = start; at < end; at++) if (!isDigit(this.#text.charCodeAt(at))) return undefined;
    return Number(this.#text.slice(start, end));
  }
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}
