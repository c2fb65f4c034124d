// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** A key-value store in memory for `cache_store`, `cache_fetch`, `cache_remove`, `cache_add` and `cache_sub`, by the id `local`. */
export interface CachedbLocalNames {
  /** Removes every key that a pattern with `*`, `?` and `[…]` matches. */
  cache_remove_chunk(glob_or_collection: Argument, glob?: Argument): boolean;
}
