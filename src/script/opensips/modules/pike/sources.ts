import { BoundedMap } from '../../../../base/bounded-map.ts';
import type { Clock } from '../../../../base/clock.ts';

/** Forged sources may come by the million: the oldest are forgotten. */
const MOST_SOURCES = 100_000;

interface Source {
  before: number;
  now: number;
  blocked: boolean;
  lastSeen: number;
}

/** What became of one request of a source. */
export type Hit = 'fine' | 'blocked' | 'newly blocked';

/**
 * How many requests each address has sent in this stretch of time and the one before. Above the limit in either, or in
 * their mean, an address is blocked until a stretch passes in which it is not.
 */
export class FloodSources {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #forgetMs: number;
  readonly #sources = new BoundedMap<string, Source>(MOST_SOURCES, 'drop-oldest');

  constructor(clock: Clock, limit: number, forgetSeconds: number) {
    this.#clock = clock;
    this.#limit = limit;
    this.#forgetMs = forgetSeconds * 1000;
  }

  hit(address: string): Hit {
    const lastSeen = this.#clock.now();
    let source = this.#sources.get(address);
    if (source === undefined) {
      source = { before: 0, now: 0, blocked: false, lastSeen };
      this.#sources.set(address, source);
    }
    source.lastSeen = lastSeen;
    source.now++;
    if (source.blocked) return 'blocked';
    if (!this.#isFlooding(source)) return 'fine';
    source.blocked = true;
    return 'newly blocked';
  }

  /** A stretch of time is over. @returns the addresses that are blocked no longer */
  turn(): string[] {
    const freed: string[] = [];
    const oldest = this.#clock.now() - this.#forgetMs;
    for (const [address, source] of [...this.#sources.entries()]) {
      source.before = source.now;
      source.now = 0;
      if (source.blocked && !this.#isFlooding(source)) {
        source.blocked = false;
        freed.push(address);
      }
      if (!source.blocked && source.lastSeen <= oldest) this.#sources.delete(address);
    }
    return freed;
  }

  get blocked(): string[] {
    return [...this.#sources.entries()].filter(([, { blocked }]) => blocked).map(([address]) => address);
  }

  /** @returns undefined where nothing is known of it, false where it is not blocked */
  free(address: string): boolean | undefined {
    const source = this.#sources.get(address);
    if (source === undefined || !source.blocked) return source && false;
    Object.assign(source, { before: 0, now: 0, blocked: false });
    return true;
  }

  #isFlooding({ before, now }: Source): boolean {
    return before > this.#limit || now > this.#limit || (before + now) / 2 > this.#limit;
  }
}
