import { SharedLocks } from '../../base/shared-locks.ts';
import type { NonceCounts, NonceUse } from './nonce-counts.ts';

/** Entries that one place of a nonce has. */
const WAYS = 16;
const DEFAULT_PLACES = 8192;
/** Where the random part of a nonce begins: before it stands its time. */
const RANDOM_AT = 6;

/** Bytes of what all threads see: the floor, then locks, and the columns of the table. */
interface Layout {
  readonly floor: BigInt64Array;
  readonly locks: Int32Array;
  readonly overflowed: Int32Array;
  readonly expires: Float64Array;
  readonly issued: Float64Array;
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  readonly counts: Uint32Array;
}

/**
 * Counts that all workers of a process share: a nonce that was used with one is used. A nonce has {@link WAYS} entries
 * that it may stand in; where none is free, the oldest of them goes, as {@link NonceCounts} says. Each place has a
 * lock of its own.
 */
export class SharedNonceCounts implements NonceCounts {
  readonly #layout: Layout;
  readonly #locks: SharedLocks;

  /**
   * Memory for {@link SharedNonceCounts}, to be handed to every worker; 4 MB by default.
   * @param since what was counted before it is not known, in ms since 1970
   * @param places a power of two
   */
  static allocate(since: number, places: number = DEFAULT_PLACES): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(16 + places * 4 + places * WAYS * 28);
    layoutOf(memory).floor[0] = BigInt(since - 1);
    return memory;
  }

  /** @param worker its index, below the number of workers */
  constructor(memory: SharedArrayBuffer, worker: number) {
    this.#layout = layoutOf(memory);
    this.#locks = new SharedLocks(this.#layout.locks, worker);
  }

  get size(): number {
    return this.#layout.expires.reduce((count, expires) => (expires > 0 ? count + 1 : count), 0);
  }

  get overflowed(): number {
    return Atomics.load(this.#layout.overflowed, 0);
  }

  use(use: NonceUse): boolean {
    const bytes = Buffer.from(use.nonce, 'base64url');
    const [high, low] = [bytes.readUInt32BE(RANDOM_AT), bytes.readUInt32BE(RANDOM_AT + 4)];
    const place = low & (this.#locks.count - 1);
    this.#locks.take(place);
    try {
      return this.#use(use, place * WAYS, high, low);
    } finally {
      this.#locks.give(place);
    }
  }

  /** A worker has ended, perhaps with a lock in its hand. */
  release(worker: number): void {
    this.#locks.release(worker);
  }

  #use({ issued, expires, count, now }: NonceUse, first: number, high: number, low: number): boolean {
    const table = this.#layout;
    let free = -1;
    let oldest = first;
    for (let at = first; at < first + WAYS; at++) {
      const isFree = table.expires[at]! < now;
      if (!isFree && table.high[at] === high && table.low[at] === low) {
        if (count <= table.counts[at]!) return false;
        table.counts[at] = count;
        return true;
      }
      if (isFree) free = at;
      else if (table.issued[at]! < table.issued[oldest]!) oldest = at;
    }
    if (issued <= Number(Atomics.load(table.floor, 0))) return false;
    if (free < 0) {
      free = oldest;
      this.#raiseFloor(table.issued[free]!);
      Atomics.add(table.overflowed, 0, 1);
    }
    // Not there while it is written, should the thread end in the middle.
    table.expires[free] = 0;
    table.high[free] = high;
    table.low[free] = low;
    table.issued[free] = issued;
    table.counts[free] = count;
    table.expires[free] = expires;
    return true;
  }

  #raiseFloor(to: number): void {
    const { floor } = this.#layout;
    const wanted = BigInt(to);
    for (let seen = Atomics.load(floor, 0); seen < wanted; ) {
      const before = Atomics.compareExchange(floor, 0, seen, wanted);
      if (before === seen) return;
      seen = before;
    }
  }
}

function layoutOf(memory: SharedArrayBuffer): Layout {
  const places = (memory.byteLength - 16) / (4 + WAYS * 28);
  const entries = places * WAYS;
  const wide = 16 + entries * 16;
  return {
    floor: new BigInt64Array(memory, 0, 1),
    overflowed: new Int32Array(memory, 8, 1),
    expires: new Float64Array(memory, 16, entries),
    issued: new Float64Array(memory, 16 + entries * 8, entries),
    high: new Uint32Array(memory, wide, entries),
    low: new Uint32Array(memory, wide + entries * 4, entries),
    counts: new Uint32Array(memory, wide + entries * 8, entries),
    locks: new Int32Array(memory, wide + entries * 12, places),
  };
}
