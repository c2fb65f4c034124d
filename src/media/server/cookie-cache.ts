import { BoundedMap } from '../../base/bounded-map.ts';
import type { Clock } from '../../base/clock.ts';

/** Controllers try a command for some seconds; rtpproxy remembers for 35 s or more. */
export const REMEMBERED_MS = 40_000;
const MOST = 100_000;

/** A command that came by a datagram, and its answer once it is there. */
export interface Exchange {
  readonly since: number;
  answer: string | undefined;
}

/**
 * Answers by cookie, so that a command that is sent again is not executed again: neither after its answer was lost, nor
 * while it is still being executed. Old ones go as new ones come.
 */
export class CookieCache {
  readonly #clock: Clock;
  readonly #exchanges: BoundedMap<string, Exchange>;

  constructor(clock: Clock, most: number = MOST) {
    this.#clock = clock;
    this.#exchanges = new BoundedMap(most, 'drop-oldest');
  }

  get size(): number {
    return this.#exchanges.size;
  }

  /** How many were forgotten before their time, for want of room. */
  get forgotten(): number {
    return this.#exchanges.overflowed;
  }

  /** @returns the exchange of this cookie, where it is remembered */
  find(cookie: string): Exchange | undefined {
    const exchange = this.#exchanges.get(cookie);
    return exchange && !this.#isOld(exchange) ? exchange : undefined;
  }

  begin(cookie: string): Exchange {
    for (const [key, oldest] of this.#exchanges.entries()) {
      if (!this.#isOld(oldest)) break;
      this.#exchanges.delete(key);
    }
    const exchange: Exchange = { since: this.#clock.now(), answer: undefined };
    this.#exchanges.set(cookie, exchange);
    return exchange;
  }

  #isOld({ since }: Exchange): boolean {
    return this.#clock.now() - since > REMEMBERED_MS;
  }
}
