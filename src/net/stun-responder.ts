import type { Clock } from '../base/clock.ts';
import { addressBytes } from '../base/ip.ts';
import { TokenBucket } from '../base/token-bucket.ts';
import { bindingAnswer, parseBindingRequest } from '../wire/stun/stun-message.ts';
import type { NetCounters } from './net-counters.ts';

/** 100,000 phones that ask every 24 s, twice over. */
const ANSWERS_PER_SECOND = 10_000;

/**
 * Answers the STUN keep-alives of phones on the SIP port (RFC 5626 §4.4.2, §8): their NAT stays open, and they learn when
 * it has changed their address. An answer has at most 80 bytes, and so many go out that a forger of sources gains nothing.
 */
export class StunResponder {
  readonly #counters: NetCounters;
  readonly #bucket: TokenBucket;

  constructor(clock: Clock, counters: NetCounters, answersPerSecond: number = ANSWERS_PER_SECOND) {
    this.#counters = counters;
    this.#bucket = new TokenBucket(clock, answersPerSecond, answersPerSecond);
  }

  /** @returns undefined for what is no Binding request, and for one too many */
  answer(bytes: Buffer, address: string, port: number): Buffer | undefined {
    const request = parseBindingRequest(bytes);
    if (!request || !this.#bucket.take()) {
      this.#counters.stunIgnored++;
      return undefined;
    }
    this.#counters.stunAnswered++;
    return bindingAnswer(request, addressBytes(address), port);
  }
}
