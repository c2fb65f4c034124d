import { BoundedMap } from '../../base/bounded-map.ts';
import type { Clock } from '../../base/clock.ts';

interface Failures {
  count: number;
  /** When the count was right, on the clock that never goes back. */
  at: number;
}

const SUSPECTS = 10_000;

/**
 * Slows down guessing: who has failed `burst` times is heard again once every `everyMs`. Bounded; the suspect that
 * failed first is forgotten first.
 */
export class FailureThrottle {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #everyMs: number;
  readonly #suspects = new BoundedMap<string, Failures>(SUSPECTS, 'drop-oldest');

  constructor(clock: Clock, burst: number, everyMs: number) {
    this.#clock = clock;
    this.#burst = burst;
    this.#everyMs = everyMs;
  }

  allows(suspect: string): boolean {
    const failures = this.#suspects.get(suspect);
    return failures === undefined || this.#now(failures) < this.#burst;
  }

  /** @returns whether it is heard no longer for now */
  failed(suspect: string): boolean {
    const failures = this.#suspects.get(suspect);
    const count = (failures === undefined ? 0 : this.#now(failures)) + 1;
    this.#suspects.set(suspect, { count, at: this.#clock.now() });
    return count >= this.#burst;
  }

  /** As though it had failed too often here. */
  shut(suspect: string): void {
    this.#suspects.set(suspect, { count: this.#burst, at: this.#clock.now() });
  }

  /** Failures are forgiven one by one, as time goes by. */
  #now({ count, at }: Failures): number {
    return Math.max(0, count - (this.#clock.now() - at) / this.#everyMs);
  }
}
