import { BoundedMap } from '../base/bounded-map.ts';
import type { Clock } from '../base/clock.ts';
import type { Destination } from './network.ts';

/** Times are milliseconds. */
export interface QuarantineSettings {
  /** How long an address stays behind the others after its first failure; doubled with each one more. */
  readonly firstMs: number;
  readonly longestMs: number;
  readonly maxEntries: number;
}

export const DEFAULT_QUARANTINE: QuarantineSettings = {
  firstMs: 15_000,
  longestMs: 300_000,
  maxEntries: 1024,
};

/** An address that failed. */
export interface Quarantined {
  readonly destination: Destination;
  readonly failures: number;
  /** When it may be probed, on the clock. */
  readonly until: number;
  readonly reason: string;
  /** When it is forgotten, whatever was heard. */
  readonly forgetAt: number;
}

/** Hears of changes, for other workers that send to the same addresses. */
export interface QuarantineWatcher {
  failed(entry: Quarantined): void;
  heard(destination: Destination): void;
}

const FORGET_AFTER_MS = 3_600_000;

/**
 * Addresses that failed lately, to be tried after all others of their name. Each stays until something is heard from it:
 * the answer to a request that had no better place to go, or to a probe when its time is over.
 */
export class Quarantine {
  readonly #clock: Clock;
  readonly #settings: QuarantineSettings;
  readonly #entries: BoundedMap<string, Quarantined>;
  readonly counters = { entered: 0, released: 0 };
  watcher: QuarantineWatcher | undefined = undefined;

  constructor(clock: Clock, settings: Partial<QuarantineSettings> = {}) {
    this.#clock = clock;
    this.#settings = { ...DEFAULT_QUARANTINE, ...settings };
    this.#entries = new BoundedMap(this.#settings.maxEntries, 'drop-oldest');
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * @param reason why, for people
   * @param retryAfterMs for how long it asked to be left alone (RFC 3261 §20.33); undefined where it did not say
   */
  failed(destination: Destination, reason: string, retryAfterMs?: number): void {
    const { firstMs, longestMs } = this.#settings;
    const key = keyOf(destination);
    const now = this.#clock.now();
    const failures = (this.#entries.get(key)?.failures ?? 0) + 1;
    const period = retryAfterMs ?? firstMs * 2 ** Math.min(failures - 1, 20);
    const until = now + Math.min(period, longestMs);
    if (failures === 1) this.counters.entered++;
    const entry = { destination, failures, until, reason, forgetAt: now + FORGET_AFTER_MS };
    this.#entries.set(key, entry);
    this.watcher?.failed(entry);
  }

  /** Something was heard from it. */
  heard(destination: Destination): void {
    if (this.#entries.size === 0 || !this.#entries.delete(keyOf(destination))) return;
    this.counters.released++;
    this.watcher?.heard(destination);
  }

  /** Another worker has seen an address fail. */
  learn(entry: Quarantined): void {
    this.#entries.set(keyOf(entry.destination), entry);
  }

  /** Another worker has heard something from an address. */
  forget(destination: Destination): void {
    this.#entries.delete(keyOf(destination));
  }

  get(destination: Destination): Quarantined | undefined {
    return this.#entries.size === 0 ? undefined : this.#entries.get(keyOf(destination));
  }

  /** Puts those in quarantine behind the others; the order is otherwise kept. */
  order<T extends Destination>(destinations: readonly T[]): readonly T[] {
    if (this.#entries.size === 0 || destinations.length < 2) return destinations;
    const behind = destinations.filter((it) => this.#entries.has(keyOf(it)));
    if (behind.length === 0 || behind.length === destinations.length) return destinations;
    return [...destinations.filter((it) => !this.#entries.has(keyOf(it))), ...behind];
  }

  /** Those whose time is over, to be probed; and forgets those that nothing has been heard of for too long. */
  due(): readonly Quarantined[] {
    const now = this.#clock.now();
    const due: Quarantined[] = [];
    for (const [key, entry] of this.#entries.entries()) {
      if (entry.forgetAt <= now) this.#entries.delete(key);
      else if (entry.until <= now) due.push(entry);
    }
    return due;
  }

  all(): readonly Quarantined[] {
    return [...this.#entries.values()];
  }
}

function keyOf({ transport, address, port }: Destination): string {
  return `${transport} ${address} ${port}`;
}
