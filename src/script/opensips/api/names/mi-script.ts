// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Runs management commands from the script. */
export interface MiScriptNames {
  /** Runs a management command. */
  mi(command: Argument, ret_var?: string, params_avp?: string, vals_avp?: string): boolean | Promise<boolean>;
}
