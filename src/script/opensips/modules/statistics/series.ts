import type { Clock } from '../../../../base/clock.ts';

export type SeriesAlgorithm = 'accumulate' | 'average' | 'percentage';

/** What `stat_series_profile` says of its statistics. */
export interface SeriesProfile {
  readonly name: string;
  readonly algorithm: SeriesAlgorithm;
  readonly group: string;
  /** In seconds. */
  readonly window: number;
  /** Into how many parts the window is cut; whole parts grow too old. */
  readonly slots: number;
  readonly percentageFactor: number;
}

const MOST_SLOTS = 10_000;

/** @returns what is wrong with it, as text */
export function parseProfile(text: string): SeriesProfile | string {
  const colon = text.indexOf(':');
  const name = (colon < 0 ? text : text.slice(0, colon)).trim();
  if (name === '') return 'a profile needs a name: "name: algorithm=average"';
  const given = new Map<string, string>();
  for (const word of colon < 0
    ? []
    : text
        .slice(colon + 1)
        .trim()
        .split(/\s+/)) {
    if (word === '') continue;
    const equals = word.indexOf('=');
    if (equals <= 0) return `${word} is no attr=value`;
    given.set(word.slice(0, equals), word.slice(equals + 1));
  }
  const known = ['algorithm', 'hash_size', 'group', 'window', 'slots', 'percentage_factor'];
  const unknown = [...given.keys()].find((key) => !known.includes(key));
  if (unknown !== undefined) return `there is no attribute ${unknown}; there are ${known.join(', ')}`;
  const algorithm = given.get('algorithm') ?? 'accumulate';
  if (algorithm !== 'accumulate' && algorithm !== 'average' && algorithm !== 'percentage') {
    return `there is no algorithm ${algorithm}; there are accumulate, average, percentage`;
  }
  const window = positive(given.get('window'), 60);
  const slots = positive(given.get('slots'), window);
  const percentageFactor = positive(given.get('percentage_factor'), 100);
  if (!(window > 0 && slots > 0 && percentageFactor > 0))
    return 'window, slots and percentage_factor are numbers above 0';
  if (slots > MOST_SLOTS || slots > window)
    return `slots are at most the window's seconds, and ${MOST_SLOTS}`;
  return { name, algorithm, group: given.get('group') ?? name, window, slots, percentageFactor };
}

function positive(text: string | undefined, initial: number): number {
  if (text === undefined) return initial;
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

/** Values of the last so many seconds, and what their profile makes of them. */
export class Series {
  readonly profile: SeriesProfile;
  readonly #clock: Clock;
  readonly #sums: Float64Array;
  readonly #counts: Float64Array;
  /** Of the newest part, counted from the clock's beginning. */
  #newest: number;

  constructor(profile: SeriesProfile, clock: Clock) {
    this.profile = profile;
    this.#clock = clock;
    this.#sums = new Float64Array(profile.slots);
    this.#counts = new Float64Array(profile.slots);
    this.#newest = this.#part();
  }

  add(value: number): void {
    this.#forget();
    const slot = this.#newest % this.profile.slots;
    const counted = this.profile.algorithm === 'percentage' ? Math.max(0, value) : value;
    this.#sums[slot]! += counted;
    this.#counts[slot]! += this.profile.algorithm === 'percentage' ? Math.abs(value) : 1;
  }

  read(): number {
    this.#forget();
    let sum = 0;
    let count = 0;
    for (let i = 0; i < this.profile.slots; i++) {
      sum += this.#sums[i]!;
      count += this.#counts[i]!;
    }
    if (this.profile.algorithm === 'accumulate') return Math.trunc(sum);
    if (count === 0) return 0;
    const factor = this.profile.algorithm === 'percentage' ? this.profile.percentageFactor : 1;
    return Math.trunc((sum * factor) / count);
  }

  reset(): void {
    this.#sums.fill(0);
    this.#counts.fill(0);
  }

  #part(): number {
    return Math.floor((this.#clock.now() * this.profile.slots) / (this.profile.window * 1000));
  }

  /** Empties the parts that have come round. */
  #forget(): void {
    const now = this.#part();
    const { slots } = this.profile;
    for (let part = Math.max(this.#newest + 1, now - slots + 1); part <= now; part++) {
      this.#sums[part % slots] = 0;
      this.#counts[part % slots] = 0;
    }
    this.#newest = now;
  }
}
