import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import { SequentialIds } from '../../base/ids.ts';
import { OverloadControl } from './overload.ts';

/** Calls a second that the server of these tests carries. */
const CAPACITY = 1000;
/** What a refusal takes, in calls. */
const REFUSAL = 0.12;
const STEP_MS = 10;
/** The kernel keeps no more; what comes then is lost. */
const MOST_WAIT_MS = 120;

/** A server of which nothing is left but how long its work takes. */
class Plant {
  readonly clock = new FakeClock();
  readonly overload: OverloadControl;
  carried = 0;
  lost = 0;
  readonly #tells: boolean;
  #queueMs = 0;
  #leastQueueMs = 0;
  #busyMs = 0;
  #lostInPeriod = 0;
  #since = 0;

  /** @param tells whether its network knows how long messages wait */
  constructor(tells: boolean) {
    this.#tells = tells;
    this.overload = new OverloadControl({
      clock: this.clock,
      ids: new SequentialIds(),
      load: () => this.#take(),
      settings: { targetDelayMs: 50 },
    });
  }

  /** @param rate calls a second */
  run(seconds: number, rate: number): { readonly carried: number; readonly lost: number } {
    const before = { carried: this.carried, lost: this.lost };
    for (let ms = 0; ms < seconds * 1000; ms += STEP_MS) this.#step((rate * STEP_MS) / 1000);
    const carried = (this.carried - before.carried) / seconds;
    return { carried, lost: (this.lost - before.lost) / seconds };
  }

  #step(calls: number): void {
    const share = this.overload.active ? this.overload.share : 1;
    const work = (calls * share + calls * (1 - share) * REFUSAL) * (1000 / CAPACITY);
    const taken = Math.min(1, Math.max(0, MOST_WAIT_MS - this.#queueMs + STEP_MS) / work);
    this.carried += calls * share * taken;
    this.lost += calls * (1 - taken);
    this.#lostInPeriod += calls * (1 - taken);
    this.#queueMs += work * taken;
    this.#busyMs += Math.min(STEP_MS, this.#queueMs);
    this.#queueMs = Math.max(0, this.#queueMs - STEP_MS);
    this.#leastQueueMs = Math.min(this.#leastQueueMs, this.#queueMs);
    this.clock.advance(STEP_MS);
  }

  #take() {
    const elapsed = this.clock.now() - this.#since;
    const busy = elapsed > 0 ? Math.min(1, this.#busyMs / elapsed) : 0;
    const waitedMs = this.#tells ? this.#leastQueueMs : undefined;
    const lost = Math.round(this.#lostInPeriod);
    this.#since = this.clock.now();
    this.#busyMs = 0;
    this.#lostInPeriod = 0;
    this.#leastQueueMs = this.#queueMs;
    return { busy, ran: busy, waitedMs, lost };
  }
}

/** The calls a second that are left when all others of so many are refused. */
function best(rate: number): number {
  return (CAPACITY - rate * REFUSAL) / (1 - REFUSAL);
}

describe.each([
  ['whose network tells how long messages wait', true],
  ['of which only is known how busy it is', false],
])('overload of a server %s', (_, tells) => {
  it.each([1.5, 2, 3, 5])('carries nearly as many calls as it can where %s times as many come', (times) => {
    const plant = new Plant(tells);
    plant.run(5, times * CAPACITY);
    const { carried, lost } = plant.run(20, times * CAPACITY);
    expect(carried).toBeGreaterThan(0.86 * best(times * CAPACITY));
    expect(lost).toBe(0);
  });

  it('does not swing', () => {
    const plant = new Plant(tells);
    plant.run(10, 2 * CAPACITY);
    const shares: number[] = [];
    for (let i = 0; i < 100; i++) {
      plant.run(0.1, 2 * CAPACITY);
      shares.push(plant.overload.share);
    }
    expect(Math.max(...shares) / Math.min(...shares)).toBeLessThan(1.5);
  });

  it('lets all in again soon after', () => {
    const plant = new Plant(tells);
    plant.run(20, 3 * CAPACITY);
    plant.run(3, 0.5 * CAPACITY);
    expect(plant.overload.share).toBe(1);
    plant.run(3, 0.5 * CAPACITY);
    expect(plant.overload.active).toBe(false);
  });

  it('refuses nothing any more while it is nearly full', () => {
    const plant = new Plant(tells);
    plant.run(20, 2 * CAPACITY);
    plant.run(10, 0.9 * CAPACITY);
    expect(plant.overload.active).toBe(false);
  });

  it('refuses nothing for a burst, nor while it is nearly full', () => {
    const plant = new Plant(tells);
    plant.run(0.15, 1.5 * CAPACITY);
    expect(plant.run(20, 0.9 * CAPACITY).carried).toBeGreaterThan(0.89 * CAPACITY);
    expect(plant.overload.counters.begun).toBe(0);
  });
});
