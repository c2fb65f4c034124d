import type { Clock } from '../../../../base/clock.ts';
import type { Statistic, StatisticSource } from '../../runtime/statistics.ts';
import { Series, type SeriesProfile } from './series.ts';

/** A script whose names come from messages must not fill the memory. */
const MOST = 100_000;
const DYNAMIC = 'dynamic';

class Counter {
  value = 0;
  readonly mayReset: boolean;

  constructor(mayReset: boolean) {
    this.mayReset = mayReset;
  }
}

/** The numbers that a script counts itself: by group and name, and over the last minutes. */
export class ScriptStatistics implements StatisticSource {
  readonly #clock: Clock;
  readonly #groups: ReadonlySet<string>;
  readonly #profiles: ReadonlyMap<string, SeriesProfile>;
  readonly #counters = new Map<string, Counter>();
  readonly #series = new Map<string, Series>();
  /** By the name of the iterator: what it has not given yet, the next one last. */
  readonly iterators: Map<string, Statistic[]> = new Map();

  constructor(clock: Clock, groups: readonly string[], profiles: readonly SeriesProfile[]) {
    this.#clock = clock;
    this.#groups = new Set([DYNAMIC, ...groups]);
    this.#profiles = new Map(profiles.map((profile) => [profile.name, profile]));
  }

  /** Makes a counter before it is counted: `name` or `name/no_reset`. */
  declare(written: string): void {
    const [name, flag] = written.split('/');
    this.#counter(name!, flag !== 'no_reset');
  }

  /** @returns false for a group that `stat_groups` does not name, and where there are too many */
  add(name: string, amount: number): boolean {
    const counter = this.#counter(name, true);
    if (counter === undefined) return false;
    counter.value += amount;
    return true;
  }

  /** @returns false where there is no such profile, or there are too many */
  addToSeries(profileName: string, name: string, value: number): boolean {
    const profile = this.#profiles.get(profileName);
    if (profile === undefined) return false;
    const key = `${profile.group}:${name}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#series.size >= MOST) return false;
      series = new Series(profile, this.#clock);
      this.#series.set(key, series);
    }
    series.add(value);
    return true;
  }

  *statistics(): Generator<Statistic> {
    for (const [key, counter] of this.#counters) {
      const reset = counter.mayReset
        ? () => {
            counter.value = 0;
          }
        : undefined;
      yield { ...split(key), read: () => counter.value, reset };
    }
    for (const [key, series] of this.#series) {
      yield { ...split(key), read: () => series.read(), reset: () => series.reset() };
    }
  }

  #counter(name: string, mayReset: boolean): Counter | undefined {
    const key = name.includes(':') ? name : `${DYNAMIC}:${name}`;
    const known = this.#counters.get(key);
    if (known !== undefined) return known;
    if (!this.#groups.has(split(key).group) || this.#counters.size >= MOST) return undefined;
    const made = new Counter(mayReset);
    this.#counters.set(key, made);
    return made;
  }
}

function split(key: string): { group: string; name: string } {
  const colon = key.indexOf(':');
  return { group: key.slice(0, colon), name: key.slice(colon + 1) };
}
