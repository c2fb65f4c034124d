// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Value } from '../../value.ts';
import type { Argument } from '../message.ts';

/** Numbers that a script counts itself, and those of all modules by `$stat`. */
export interface StatisticsNames {
  /** Adds to a counter, which is made where it is not there. */
  update_stat(variable: Argument, value: Argument): boolean;
  /** Sets a counter to 0. */
  reset_stat(variable: Argument): boolean;
  /** Adds a value to a statistic over time. */
  update_stat_series(profile: Argument, variable: Argument, value: Argument): boolean;
  /** Begins to walk through the statistics of a group. */
  stat_iter_init(group: Argument, iter: Argument): boolean;
  /** Gives the next statistic of the walk. */
  stat_iter_next(name: string, val: string, iter: Argument): boolean;
  /** A statistic by `name` or `group:name`; setting it to anything sets it back to 0. */
  $stat(name: string): Value;
}
