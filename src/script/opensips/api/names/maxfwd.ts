// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Max-Forwards: counts it down, adds it where it is missing, and compares it. */
export interface MaxfwdNames {
  /** Counts Max-Forwards down, or adds it where the request has none. */
  mf_process_maxfwd_header(max_value: Argument): boolean;
  /** Whether Max-Forwards is below a number. */
  is_maxfwd_lt(max_value: Argument): boolean;
}
