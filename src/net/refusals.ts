import { ipFamily } from '../base/ip.ts';
import { wordOf4 } from './packed-address.ts';

const ACTIVE = 0;
const MOST_LET_IN = 1;
const SALT = 2;
const TAG_BYTES = 3;
const REFUSED = 5;
const ABSORBED = 6;
const UNSENT = 7;
const WORDS = 8;
const TAG_ROOM = 64;
const SCANNERS_ROOM = 2048;
const KEY_SALTS = 256;
const KNOWN = 2 ** 20;
const SOURCES = 1024;
const SOURCE_BITS = 10;
/** How many refused requests are remembered. */
export const REMEMBERED = 65_536;
/** A place in {@link Refusals.known} that is full stays so, for nobody knows any more how many it stands for. */
const FULL = 255;
const UNLIMITED = 2 ** 32 - 1;

/** What the datagram path has done by itself since it was asked last. */
export interface RefusalCounts {
  /** INVITEs that were refused, and counted as that. */
  readonly refused: number;
  /** ACKs of such answers. */
  readonly absorbed: number;
  /** Answers that the kernel did not take. */
  readonly unsent: number;
}

/**
 * By what the accelerated datagram path refuses INVITEs itself (`native/refuse.c`), before anything is made of them:
 * memory that both sides see. It refuses what {@link active} says and nothing else, of sources that {@link allow} has
 * named, of IPv4; whatever is not plain it passes on.
 */
export class Refusals {
  readonly words: Uint32Array = new Uint32Array(WORDS);
  readonly tag: Uint8Array = new Uint8Array(TAG_ROOM);
  readonly scanners: Uint8Array = new Uint8Array(SCANNERS_ROOM);
  /** By which the hashes of {@link know} are made. */
  readonly keySalt: Int32Array = new Int32Array(KEY_SALTS);
  /** How many INVITE transactions have a hash that ends so. */
  readonly known: Uint8Array = new Uint8Array(KNOWN);
  /** Two words each: address, and how many of its INVITEs may be answered. */
  readonly sources: Uint32Array = new Uint32Array(2 * SOURCES);
  /** Hashes of INVITEs that were refused, each in the place that it has there; 0 where there is none. */
  readonly refused: Uint32Array = new Uint32Array(REMEMBERED);
  readonly #taken = new Uint32Array(WORDS);

  /** The To tag of all answers. */
  answerWith(tag: string): void {
    this.words[TAG_BYTES] = Buffer.from(this.tag.buffer).write(`;tag=${tag}`, 'latin1');
  }

  /** @param salt with which requests are hashed */
  hashWith(salt: number): void {
    this.words[SALT] = salt;
  }

  /** @param share of new INVITEs that is let in, 0 to 1; undefined has all passed on */
  refuse(share: number | undefined): void {
    this.words[ACTIVE] = share === undefined ? 0 : 1;
    if (share !== undefined) this.words[MOST_LET_IN] = Math.max(0, Math.ceil(share * 2 ** 32) - 1);
  }

  get active(): boolean {
    return this.words[ACTIVE] === 1;
  }

  /**
   * INVITEs whose User-Agent has one of these in it are passed on.
   * @returns false where there is no room for all
   */
  passOn(scanners: readonly string[]): boolean {
    const bytes = Buffer.from(scanners.map((name) => `${name}\0`).join(''), 'latin1');
    this.scanners.fill(0);
    if (bytes.length >= this.scanners.length) return false;
    this.scanners.set(bytes);
    return true;
  }

  /** @param hash of the key of an INVITE transaction: what has the same is passed on */
  know(hash: number): void {
    const at = hash & (KNOWN - 1);
    if (this.known[at]! < FULL) this.known[at]!++;
  }

  forget(hash: number): void {
    const at = hash & (KNOWN - 1);
    if (this.known[at]! > 0 && this.known[at]! < FULL) this.known[at]!--;
  }

  /**
   * @param invites how many that source may be answered; Infinity for all
   * @returns false where there is no place for it: it is of another family, or another source has it
   */
  allow(address: string, invites: number): boolean {
    if (ipFamily(address) !== 4) return false;
    const word = wordOf4(address) >>> 0;
    const at = 2 * (Math.imul(word, 0x9e3779b1) >>> (32 - SOURCE_BITS));
    // Who was there before has what is left to him.
    if (this.sources[at] !== word && this.sources[at + 1] !== 0) return false;
    this.sources[at] = word;
    this.sources[at + 1] = Math.min(invites, UNLIMITED);
    return true;
  }

  /** From now on every source is passed on until it is allowed again. */
  disallow(): void {
    this.sources.fill(0);
  }

  /** What was done since the last call. */
  take(): RefusalCounts {
    const { words } = this;
    const since = (at: number): number => (words[at]! - this.#taken[at]!) >>> 0;
    const counts = { refused: since(REFUSED), absorbed: since(ABSORBED), unsent: since(UNSENT) };
    this.#taken.set(words);
    return counts;
  }
}
