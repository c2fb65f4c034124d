// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Value } from '../../value.ts';
import type { Argument } from '../message.ts';

/** Limits how often something happens, each thing by a name that the script makes up (a pipe). */
export interface RatelimitNames {
  /** Counts one, and tells whether it is within the limit. */
  rl_check(name: Argument, limit: Argument, algorithm?: Argument): boolean;
  /** Takes one count back. */
  rl_dec_count(name: Argument): boolean;
  /** Begins to count anew. */
  rl_reset_count(name: Argument): boolean;
  /** Gives the names of the pipes, all or those that an expression fits. */
  rl_values(ret_avp: string, regexp?: Argument): boolean;
  /** What a pipe has counted. */
  $rl_count(name: string): Value;
}
