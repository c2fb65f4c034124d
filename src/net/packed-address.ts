import { BoundedMap } from '../base/bounded-map.ts';
import { canonicalHost } from '../base/ip.ts';

const CACHED = 65_536;

/**
 * IP addresses as sockets hold them, and as text. Peers come again with every message, so what was converted once is
 * kept.
 */
export class PackedAddresses {
  readonly #texts = new BoundedMap<number, string>(CACHED, 'drop-oldest');
  readonly #words = new BoundedMap<string, number>(CACHED, 'drop-oldest');

  /** @param word an IPv4 address in network order, as a little-endian int32 */
  textOf4(word: number): string {
    let text = this.#texts.get(word);
    if (text === undefined) {
      text = `${word & 255}.${(word >>> 8) & 255}.${(word >>> 16) & 255}.${word >>> 24}`;
      this.#texts.set(word, text);
    }
    return text;
  }

  /** The word of a dotted quad. */
  wordOf4(text: string): number {
    let word = this.#words.get(text);
    if (word === undefined) {
      word = wordOf4(text);
      this.#words.set(text, word);
    }
    return word;
  }
}

/** As {@link PackedAddresses.wordOf4}, for whoever asks so seldom that nothing need be kept. */
export function wordOf4(text: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return a | (b << 8) | (c << 16) | (d << 24);
}

/** The canonical text of sixteen bytes. */
export function textOf6(bytes: Uint8Array, at: number): string {
  let text = '';
  for (let i = 0; i < 16; i += 2) {
    text += `${i === 0 ? '' : ':'}${((bytes[at + i]! << 8) | bytes[at + i + 1]!).toString(16)}`;
  }
  return canonicalHost(text);
}

/** Writes the sixteen bytes of an IPv6 address; an IPv4-mapped tail is understood. */
export function writeBytes6(text: string, into: Uint8Array, at: number): void {
  const [head = '', tail] = text.split('::');
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  into.fill(0, at, at + 16);
  for (const [i, group] of front.entries()) writeGroup(into, at + 2 * i, group);
  for (const [i, group] of back.entries()) writeGroup(into, at + 16 - 2 * (back.length - i), group);
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (part.indexOf('.') < 0) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}

function writeGroup(into: Uint8Array, at: number, group: number): void {
  into[at] = group >>> 8;
  into[at + 1] = group & 255;
}
