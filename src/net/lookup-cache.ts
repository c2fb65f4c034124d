import { BoundedMap } from '../base/bounded-map.ts';
import type { Clock } from '../base/clock.ts';
import type { Lookup } from './name-server.ts';

/** A value that is there at once, or later. Waiting for what is there already would cost a turn of the loop. */
export type Eventually<T> = T | Promise<T>;

/** Goes on with `value` as soon as it is there. */
export function after<T, U>(value: Eventually<T>, next: (value: T) => Eventually<U>): Eventually<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** What is remembered of a name; nothing found is remembered too. */
export interface Found<T> {
  readonly records: readonly T[];
  /** When it lapses, on the clock of the cache. */
  readonly expires: number;
  /** Until when its records may be used where no name server answers. */
  readonly staleUntil: number;
  /** Whether no name server answered, so that `records` are lapsed ones or none. */
  readonly failed: boolean;
}

/** Times are milliseconds. */
export interface CacheSettings {
  /** Names of each record type; the oldest makes room. */
  readonly maxEntries: number;
  /** Look-ups of each record type under way; more find nothing. */
  readonly maxPending: number;
  /** Records hold for their TTL, but no longer than this. */
  readonly maxTtlMs: number;
  /** That there is nothing holds for what the SOA says, but no longer than this (RFC 2308 §5). */
  readonly maxDenialMs: number;
  /** After a failure nobody is asked again for so long (RFC 2308 §7). */
  readonly failureMs: number;
  /** For so long after they lapsed records are used where no name server answers (RFC 8767). */
  readonly staleMs: number;
  /** With lapsed records at hand, a name server is waited for no longer than this (RFC 8767 §5). */
  readonly patienceMs: number;
}

export const DEFAULT_DNS_CACHE: CacheSettings = {
  maxEntries: 4096,
  maxPending: 256,
  maxTtlMs: 3_600_000,
  maxDenialMs: 300_000,
  failureMs: 10_000,
  staleMs: 3_600_000,
  patienceMs: 1800,
};

const SHORTEST_MS = 1000;

/** Remembers look-ups for as long as they hold; those under way are shared, and their number is bounded. */
export class LookupCache<T> {
  readonly #clock: Clock;
  readonly #settings: CacheSettings;
  readonly #ask: (key: string) => Promise<Lookup<T>>;
  readonly #found: BoundedMap<string, Found<T>>;
  readonly #pending = new Map<string, Promise<Found<T>>>();
  readonly counters = { looked: 0, failed: 0, stale: 0, refused: 0 };

  /** @param ask makes the look-up */
  constructor(clock: Clock, settings: CacheSettings, ask: (key: string) => Promise<Lookup<T>>) {
    this.#clock = clock;
    this.#settings = settings;
    this.#ask = ask;
    this.#found = new BoundedMap(settings.maxEntries, 'drop-oldest');
  }

  /** Never rejects. */
  get(key: string): Eventually<Found<T>> {
    const known = this.#found.get(key);
    const now = this.#clock.now();
    if (known && known.expires > now) return known;
    const pending = this.#pending.get(key);
    if (pending) return pending;
    const stale = known && known.staleUntil > now ? known : undefined;
    if (this.#pending.size >= this.#settings.maxPending) {
      this.counters.refused++;
      return stale ?? { records: [], expires: now, staleUntil: now, failed: true };
    }
    const look = this.#look(key, stale);
    const answer = stale ? this.#soonest(look, stale) : look;
    this.#pending.set(key, answer);
    return answer;
  }

  clear(): void {
    this.#found.clear();
  }

  async #look(key: string, stale: Found<T> | undefined): Promise<Found<T>> {
    this.counters.looked++;
    let lookup: Lookup<T>;
    try {
      lookup = await this.#ask(key);
    } catch (error) {
      lookup = { ok: false, reason: String(error) };
    }
    const found = this.#entry(lookup, stale);
    this.#pending.delete(key);
    // Put behind the others again: what is used is dropped last.
    this.#found.delete(key);
    this.#found.set(key, found);
    return found;
  }

  #entry(lookup: Lookup<T>, stale: Found<T> | undefined): Found<T> {
    const { maxTtlMs, maxDenialMs, failureMs, staleMs } = this.#settings;
    const now = this.#clock.now();
    if (!lookup.ok) {
      this.counters.failed++;
      if (stale) this.counters.stale++;
      const records = stale?.records ?? [];
      return { records, expires: now + failureMs, staleUntil: stale?.staleUntil ?? now, failed: true };
    }
    const { records, ttl } = lookup;
    const longest = records.length > 0 ? maxTtlMs : maxDenialMs;
    const expires = now + Math.max(SHORTEST_MS, Math.min(ttl * 1000, longest));
    return { records, expires, staleUntil: expires + staleMs, failed: false };
  }

  /** The lapsed records, where the name servers take too long; the look-up goes on for the next one who asks. */
  #soonest(look: Promise<Found<T>>, stale: Found<T>): Promise<Found<T>> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(this.#settings.patienceMs, () => {
        this.counters.stale++;
        resolve(stale);
      });
      look.then((found) => {
        timer.cancel();
        resolve(found);
      });
    });
  }
}
