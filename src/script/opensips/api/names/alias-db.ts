// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Finds the user behind an alias, by a table. */
export interface AliasDbNames {
  /** Puts the user behind an alias in place of the Request-URI. */
  alias_db_lookup(table_name: Argument, flags?: Argument): boolean | Promise<boolean>;
  /** Finds the user behind an alias, and changes nothing of the request. */
  alias_db_find(table_name: Argument, input_uri: Argument, output_var: string, flags?: Argument): boolean | Promise<boolean>;
}
