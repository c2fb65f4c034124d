import { sameEndpoint } from './endpoint.ts';
import type { Endpoint } from './packet-path.ts';
import type { LearnSettings } from './relay-settings.ts';

/** Packets closer than this count as one: a burst is not a stream. */
const PACE_MS = 5;
/** How many times a source must outnumber all others to be believed; outnumbered so, it is watched no more. */
const MAJORITY = 4;

/**
 * Watches a source that nothing speaks for until it may be believed. Where the signalled address is a private one, the
 * party cannot come from it, so a few packets in sequence are enough; else the whole window has to pass without the
 * party. One that has to share the window with other strangers must outnumber them by far.
 */
export class Watch {
  readonly #learn: LearnSettings;
  #isPrivate = false;
  #source: Endpoint | undefined;
  #ssrc = 0;
  #sequence = 0;
  #packets = 0;
  #others = 0;
  #since = 0;
  #at = 0;

  constructor(learn: LearnSettings) {
    this.#learn = learn;
  }

  /** @param isPrivate whether the party cannot come from the address that is signalled now */
  reset(isPrivate: boolean): void {
    this.#isPrivate = isPrivate;
    this.#source = undefined;
  }

  forget(): void {
    this.#source = undefined;
  }

  /** @returns whether the source may be believed now */
  see(source: Endpoint, ssrc: number, sequence: number, now: number): boolean {
    const { windowMs } = this.#learn;
    const watched = this.#source;
    if (!watched || now - this.#at >= windowMs) {
      this.#begin(source, ssrc, sequence, now);
      return false;
    }
    if (!sameEndpoint(watched, source) || ssrc !== this.#ssrc) {
      this.#others++;
      if (this.#others >= MAJORITY * this.#packets) this.#begin(source, ssrc, sequence, now);
      return false;
    }
    if (now - this.#at >= PACE_MS && ((sequence - this.#sequence) & 0xffff) < 0x8000) {
      this.#packets++;
      this.#sequence = sequence;
      this.#at = now;
    }
    const whole = now - this.#since >= windowMs;
    const soon = this.#isPrivate && this.#others === 0;
    const prevails = this.#packets >= MAJORITY * this.#others;
    return this.#packets >= this.#learn.packets && (soon || (whole && prevails));
  }

  #begin({ address, port }: Endpoint, ssrc: number, sequence: number, now: number): void {
    this.#source = { address, port };
    this.#ssrc = ssrc;
    this.#sequence = sequence;
    this.#packets = 1;
    this.#others = 0;
    this.#since = now;
    this.#at = now;
  }
}
