// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Value } from '../../value.ts';
import type { Argument } from '../message.ts';

/** Accounts requests and calls: in the log, in OpenSIPS’s tables, and by events. */
export interface AccNames {
  /** Accounts the request when it has its answer; with `cdr` the call when it has ended, with `missed` calls that fail, with `failed` negative answers. */
  do_accounting(type: Argument, flags?: Argument, table?: Argument): boolean;
  /** Takes back what do_accounting has said: all, a type, or flags of it. */
  drop_accounting(type?: Argument, flags?: Argument): boolean;
  /** Logs the request at once. */
  acc_log_request(comment: Argument): boolean;
  /** Writes the request into a table at once. */
  acc_db_request(comment: Argument, table: Argument): boolean;
  /** Raises an event for the request at once. */
  acc_evi_request(comment: Argument): boolean;
  /** Begins another set of `$acc_leg(…)`. */
  acc_new_leg(): boolean;
  /** Has `$acc_extra(…)` and `$acc_leg(…)` mean those of the loaded dialog. */
  acc_load_ctx_from_dlg(): boolean;
  /** Ends what acc_load_ctx_from_dlg began. */
  acc_unload_ctx_from_dlg(): boolean;
  /** A value that is accounted, by its tag in extra_fields. */
  $acc_extra(name: string): Value;
  /** A value of one leg of the call, by its tag in leg_fields: of the last one, or by index. */
  $acc_leg(name: string, index?: number | '*'): Value;
  /** The index of the last leg, from 0. */
  readonly $acc_current_leg: Value;
}
