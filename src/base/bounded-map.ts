/** What a {@link BoundedMap} does when it is full. */
export type FullPolicy = 'drop-oldest' | 'refuse-new';

/** A map that never holds more than its limit, and counts what it dropped or refused. */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #limit: number;
  readonly #policy: FullPolicy;
  /** How many entries were dropped or refused because the map was full. */
  overflowed = 0;

  constructor(limit: number, policy: FullPolicy) {
    this.#limit = limit;
    this.#policy = policy;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** @returns false where the map is full and its policy is to refuse */
  set(key: K, value: V): boolean {
    if (this.#entries.size >= this.#limit && !this.#entries.has(key)) {
      this.overflowed++;
      if (this.#policy === 'refuse-new') return false;
      this.#entries.delete(this.#entries.keys().next().value as K);
    }
    this.#entries.set(key, value);
    return true;
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  keys(): MapIterator<K> {
    return this.#entries.keys();
  }

  values(): MapIterator<V> {
    return this.#entries.values();
  }

  entries(): MapIterator<[K, V]> {
    return this.#entries.entries();
  }
}
