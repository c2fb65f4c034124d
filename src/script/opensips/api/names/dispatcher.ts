// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Spreads requests over the destinations of a set: by hashes, in turn, by weight or load, with fail-over and probing. */
export interface DispatcherNames {
  /** Chooses a destination of a set, which becomes the next hop. Algorithms: 0 Call-ID, 1 From, 2 To, 3 Request-URI, 4 in turn by weight, 5 user of the credentials, 6 at random, 7 hash_pvar, 8 the first, 9 the least load by pvar_algo_pattern. */
  ds_select_dst(set: Argument, alg: Argument, flags?: Argument, partition?: Argument, max_res?: Argument): boolean;
  /** As ds_select_dst; host and port go into the Request-URI. */
  ds_select_domain(set: Argument, alg: Argument, flags?: Argument, partition?: Argument, max_res?: Argument): boolean;
  /** Takes the next of the destinations that the flag f has kept. */
  ds_next_dst(partition?: Argument): boolean;
  /** As ds_next_dst, for the Request-URI. */
  ds_next_domain(partition?: Argument): boolean;
  /** Gives the destination that was used last another state: `i` inactive, `a` active, `p` probing after as many calls as the threshold says. */
  ds_mark_dst(state?: Argument, partition?: Argument): boolean;
  /** Counts the destinations of a set that are in one of the states: `a`, `i`, `p`. */
  ds_count(set: Argument, state_filter: Argument, res_var: string, partition?: Argument): boolean;
  /** Whether an address is that of a destination, of one set or of any. Port 0 means any. */
  ds_is_in_list(ip: Argument, port: Argument, set?: Argument, partition?: Argument, active_only?: Argument, pattern?: Argument): boolean;
  /** Gives a destination attributes of the script’s own. */
  ds_push_script_attrs(script_attrs: Argument, ip: Argument, port: Argument, set?: Argument, partition?: Argument): boolean;
  /** Gives what ds_push_script_attrs has given to a destination. */
  ds_get_script_attrs(uri: Argument, set: Argument, partition: Argument, out_attrs: string): boolean;
}
