/** How a pipe tells what is too much. */
export type Algorithm = 'TAILDROP' | 'RED' | 'SBT';

export const ALGORITHMS: readonly string[] = ['TAILDROP', 'RED', 'SBT'];

export interface PipeTimes {
  /** Of TAILDROP and RED: the stretch in which is counted, in seconds. */
  readonly interval: number;
  /** Whether limits are for the whole stretch; else they are for a second. */
  readonly perInterval: boolean;
  /** Of SBT: how far back is counted, in ms. */
  readonly windowMs: number;
  /** Of SBT: in parts of so many ms. */
  readonly slotMs: number;
}

/** One thing whose rate is limited, as a gateway or a user (OpenSIPS ratelimit: a pipe). */
export class Pipe {
  readonly algorithm: Algorithm;
  limit: number;
  lastUsed: number;
  #count = 0;
  /** How many came in the stretch before. */
  #load = 0;
  readonly #times: PipeTimes;
  readonly #slots: Uint32Array | undefined;
  #newest = 0;

  constructor(algorithm: Algorithm, limit: number, times: PipeTimes, now: number) {
    this.algorithm = algorithm;
    this.limit = limit;
    this.lastUsed = now;
    this.#times = times;
    if (algorithm === 'SBT') this.#slots = new Uint32Array(Math.ceil(times.windowMs / times.slotMs));
    this.#newest = Math.floor(now / times.slotMs);
  }

  /** Counts one. @returns false where it is too much */
  take(now: number): boolean {
    this.lastUsed = now;
    if (this.#slots) return this.#takeSlot(this.#slots, now);
    this.#count++;
    const { interval, perInterval } = this.#times;
    const most = perInterval ? this.limit : this.limit * interval;
    if (this.algorithm === 'TAILDROP') return this.#count <= most;
    // RED: of what the stretch before has seen, every so manieth passes.
    if (most <= 0) return false;
    const every = this.#load > most ? this.#load / most : 1;
    return Math.floor(this.#count / every) > Math.floor((this.#count - 1) / every);
  }

  /** The stretch of time is over. */
  turn(): void {
    if (this.#slots) return;
    this.#load = this.#count;
    this.#count = 0;
  }

  /** As it counts now; of SBT what the window holds. */
  count(now: number): number {
    if (!this.#slots) return this.#count;
    this.#forget(this.#slots, now);
    return this.#slots.reduce((sum, value) => sum + value, 0);
  }

  /** Takes one count back. */
  release(now: number): void {
    if (!this.#slots) {
      this.#count = Math.max(0, this.#count - 1);
      return;
    }
    this.#forget(this.#slots, now);
    for (let back = 0; back < this.#slots.length; back++) {
      const at = (this.#newest - back + this.#slots.length * 2) % this.#slots.length;
      if (this.#slots[at]! === 0) continue;
      this.#slots[at]!--;
      return;
    }
  }

  reset(): void {
    this.#count = 0;
    this.#slots?.fill(0);
  }

  /** The parts of the window, the newest last. */
  slots(now: number): number[] {
    if (!this.#slots) return [];
    this.#forget(this.#slots, now);
    const { length } = this.#slots;
    return Array.from(this.#slots, (_, i) => this.#slots![(this.#newest + 1 + i) % length]!);
  }

  #takeSlot(slots: Uint32Array, now: number): boolean {
    const { windowMs, perInterval } = this.#times;
    const most = perInterval ? this.limit : (this.limit * windowMs) / 1000;
    if (this.count(now) >= most) return false;
    slots[this.#newest % slots.length]!++;
    return true;
  }

  #forget(slots: Uint32Array, now: number): void {
    const newest = Math.floor(now / this.#times.slotMs);
    for (let part = Math.max(this.#newest + 1, newest - slots.length + 1); part <= newest; part++) {
      slots[part % slots.length] = 0;
    }
    this.#newest = newest;
  }
}
