// What measured stretches come to.
import type { Stretch } from './sipload.ts';

export function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

/** NaN where there is none; of an even number the upper one. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** What one call, or one registration, costs; times of the processor in µs, delays in ms. */
export interface Cost {
  readonly us: number;
  readonly userUs: number;
  readonly systemUs: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Medians of stretches. The total is the scheduler's; the ticks of /proc/PID/stat only say how it is shared out between
 * user and system.
 * @throws Error where nothing was done in any of them
 */
export function costOf(stretches: readonly Stretch[]): Cost {
  const busy = stretches.filter(({ done }) => done > 0);
  if (busy.length === 0) throw new Error('nothing came to its end');
  const over = (of: (stretch: Stretch) => number, digits = 1): number => round(median(busy.map(of)), digits);
  const us = over(({ cpuUs, done }) => cpuUs / done);
  const share = median(busy.map(({ userUs, systemUs }) => userUs / (userUs + systemUs || 1)));
  return {
    us,
    userUs: round(us * share),
    systemUs: round(us * (1 - share)),
    perSecond: over(({ done, seconds }) => done / seconds, 0),
    p50Ms: over(({ p50Ms }) => p50Ms, 3),
    p99Ms: over(({ p99Ms }) => p99Ms, 3),
  };
}

/** How much a part costs to each of the others of its kind that came to something, by their names: below 1 is cheaper. */
export function ratios<T extends { readonly server: string }>(
  result: T,
  all: readonly T[],
  isAlike: (other: T) => boolean,
  cost: (it: T) => number,
): Record<string, number> {
  const others = all.filter((other) => other.server !== result.server && isAlike(other));
  if (!Number.isFinite(cost(result))) return {};
  const counted = others.filter((other) => Number.isFinite(cost(other)));
  return Object.fromEntries(counted.map((other) => [other.server, round(cost(result) / cost(other), 2)]));
}

/** Sets each result beside the others that are alike, by what one call or registration costs. */
export function compare<T extends { readonly server: string; readonly us: number }>(
  results: readonly T[],
  areAlike: (one: T, other: T) => boolean,
): T[] {
  return results.map((result) => ({
    ...result,
    ratio: ratios(
      result,
      results,
      (other) => areAlike(result, other),
      ({ us }) => us,
    ),
  }));
}

/** As a cell of a table. */
export function ratioCell(ratio: Readonly<Record<string, number>>, name: string): string {
  return ratio[name]?.toFixed(2) ?? '';
}

/** A figure as a cell of a table; nothing where there is none, because nothing came to its end. */
export function figureCell(figure: number | undefined): string {
  return figure !== undefined && Number.isFinite(figure) ? figure.toFixed(2) : '';
}
