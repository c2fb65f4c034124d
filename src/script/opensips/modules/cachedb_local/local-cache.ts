import { BoundedMap } from '../../../../base/bounded-map.ts';
import type { Clock } from '../../../../base/clock.ts';
import type { CacheBackend } from '../../runtime/cache-backend.ts';

/** A store that grows without end would take the server with it: the oldest entries go. */
const MOST_ENTRIES = 1_000_000;

interface Entry {
  readonly value: string;
  /** In ms of the clock; undefined for ever. */
  readonly until: number | undefined;
}

/** A collection of `cachedb_local`: text by key, each for so many seconds or for ever. */
export class LocalCache implements CacheBackend {
  readonly #clock: Clock;
  readonly #entries: BoundedMap<string, Entry>;

  constructor(clock: Clock, most: number = MOST_ENTRIES) {
    this.#clock = clock;
    this.#entries = new BoundedMap(most, 'drop-oldest');
  }

  store(key: string, value: string, seconds: number): boolean {
    const until = seconds > 0 ? this.#clock.now() + seconds * 1000 : undefined;
    this.#entries.set(key, { value, until });
    return true;
  }

  fetch(key: string): string | undefined {
    return this.#live(key)?.value;
  }

  remove(key: string): void {
    this.#entries.delete(key);
  }

  /** An entry that is there keeps its time, as OpenSIPS has it, unless another one is given. */
  add(key: string, amount: number, seconds: number): number | undefined {
    const old = this.#live(key);
    const before = old === undefined ? 0 : whole(old.value);
    if (before === undefined) return undefined;
    const value = (before + amount) | 0;
    if (old !== undefined && seconds === 0)
      this.#entries.set(key, { value: String(value), until: old.until });
    else this.store(key, String(value), seconds);
    return value;
  }

  counter(key: string): number | undefined {
    const entry = this.#live(key);
    return entry && whole(entry.value);
  }

  matching(matches: (key: string) => boolean): { name: string; value: string }[] {
    const found: { name: string; value: string }[] = [];
    for (const [name, entry] of this.#entries.entries()) {
      if (!this.#isOver(entry) && matches(name)) found.push({ name, value: entry.value });
    }
    return found;
  }

  removeMatching(matches: (key: string) => boolean): void {
    for (const { name } of this.matching(matches)) this.#entries.delete(name);
  }

  /** Forgets what has expired. */
  sweep(): void {
    for (const [key, entry] of [...this.#entries.entries()])
      if (this.#isOver(entry)) this.#entries.delete(key);
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || !this.#isOver(entry)) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  #isOver({ until }: Entry): boolean {
    return until !== undefined && until <= this.#clock.now();
  }
}

function whole(text: string): number | undefined {
  return /^-?\d{1,10}$/.test(text) ? Number(text) | 0 : undefined;
}
