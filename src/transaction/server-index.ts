import type { ServerKey } from './server-key.ts';

/** What a {@link ServerIndex} holds. */
export interface Indexed<Entry> {
  readonly key: ServerKey;
  /** The index's own: the hash of the key, and the next entry of the same bucket. */
  keyHash: number;
  nextOfBucket: Entry | undefined;
}

const FEWEST_BUCKETS = 1024;
const CODES = 256;

/**
 * Entries by their keys, which peers choose: the hash is salted, so that nobody can have all of his fall into one bucket.
 * A `Map` would want one text for each key, and make it a name of the whole program.
 */
export class ServerIndex<Entry extends Indexed<Entry>> {
  readonly #salt = new Int32Array(CODES);
  #buckets: (Entry | undefined)[] = emptyBuckets(FEWEST_BUCKETS);
  #size = 0;

  /** @param seed 32 random bits */
  constructor(seed: number) {
    let state = seed;
    for (let i = 0; i < CODES; i++) {
      state = (state + 0x9e3779b9) | 0;
      this.#salt[i] = scramble(state);
    }
  }

  get size(): number {
    return this.#size;
  }

  /** What {@link Indexed.keyHash} is made with: a number for each byte. */
  get salt(): Readonly<Int32Array> {
    return this.#salt;
  }

  find(key: ServerKey): Entry | undefined {
    const hash = this.#hash(key);
    let entry = this.#buckets[hash & (this.#buckets.length - 1)];
    while (entry !== undefined && !(entry.keyHash === hash && entry.key.equals(key)))
      entry = entry.nextOfBucket;
    return entry;
  }

  /** @param entry whose key is not there yet */
  add(entry: Entry): void {
    if (this.#size >= this.#buckets.length) this.#grow();
    entry.keyHash = this.#hash(entry.key);
    this.#put(entry);
    this.#size++;
  }

  remove(entry: Entry): void {
    const at = entry.keyHash & (this.#buckets.length - 1);
    let before: Entry | undefined;
    let here = this.#buckets[at];
    while (here !== undefined && here !== entry) {
      before = here;
      here = here.nextOfBucket;
    }
    if (here === undefined) return;
    if (before === undefined) this.#buckets[at] = entry.nextOfBucket;
    else before.nextOfBucket = entry.nextOfBucket;
    entry.nextOfBucket = undefined;
    this.#size--;
  }

  /** All entries as they are now. */
  all(): Entry[] {
    const found: Entry[] = [];
    for (const first of this.#buckets) {
      for (let entry = first; entry !== undefined; entry = entry.nextOfBucket) found.push(entry);
    }
    return found;
  }

  #put(entry: Entry): void {
    const at = entry.keyHash & (this.#buckets.length - 1);
    entry.nextOfBucket = this.#buckets[at];
    this.#buckets[at] = entry;
  }

  #grow(): void {
    const entries = this.all();
    this.#buckets = emptyBuckets(2 * this.#buckets.length);
    for (const entry of entries) this.#put(entry);
  }

  #hash(key: ServerKey): number {
    key.hash ??= this.#hashed(key);
    return key.hash;
  }

  #hashed(key: ServerKey): number {
    let hash = this.#mix(key.port, key.branch);
    hash = this.#mix(hash, key.host);
    return scramble(this.#mix(hash, key.method));
  }

  #mix(start: number, text: string): number {
    const salt = this.#salt;
    let hash = start;
    for (let i = 0; i < text.length; i++) {
      hash = Math.imul(hash ^ salt[text.charCodeAt(i) & (CODES - 1)]!, 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    return hash;
  }
}

/** The end of MurmurHash3: each bit of a number tells on all others. */
function scramble(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function emptyBuckets<Entry>(count: number): (Entry | undefined)[] {
  return new Array<Entry | undefined>(count).fill(undefined);
}
