// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Value } from '../../value.ts';
import type { Argument } from '../message.ts';

/** Keeps rows of tables in a key-value store, for `$sql_cached_value(id:column:key)`. */
export interface SqlCacherNames {
  /** Puts the columns of every row into AVPs; of tables that are wholly kept. */
  sql_cache_dump(caching_id: Argument, columns: Argument, result_avps: string): boolean | Promise<boolean>;
  /** A column of the row with a key: `id:column:key`. NULL too where a row that is read on demand has to be waited for. */
  $sql_cached_value(name: string): Value;
}
