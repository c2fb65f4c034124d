// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Value } from '../../value.ts';
import type { Argument } from '../message.ts';

/** Record-Route and the following of Routes. The addresses that are printed are those of advertise: see docs/advertise.md. */
export interface RrNames {
  /** Follows the Routes of the request: `$du` shows the next one, the Request-URI is put right after a strict router. */
  loose_route(): boolean;
  /** Stays in the path of the dialog. Both values of a pair carry the parameters. */
  record_route(params?: Argument): boolean;
  /** Stays in the path with addresses as they are written; with two of them the script writes `;r2=on` into both. */
  record_route_preset(outbound: Argument, inbound?: Argument): boolean;
  /** Adds a parameter to what record_route writes, before or after it is called. */
  add_rr_param(param: Argument): boolean;
  /** Whether the parameters of our own Route match; after loose_route. */
  check_route_param(re: Argument): boolean;
  /** Whether the request goes from caller to callee (downstream) or back (upstream); after loose_route. */
  is_direction(dir: 'downstream' | 'upstream' | Argument): boolean;
  /** The parameters of our own Route, after loose_route. */
  readonly $rr_params: Value;
}
