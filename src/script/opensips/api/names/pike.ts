// biome-ignore-all format: printed by scripts/print-docs.ts

/** Finds addresses that send too many requests. The front door has a limit of its own, before any script. */
export interface PikeNames {
  /** Counts the request, and tells whether its source sends too many. */
  pike_check_req(): boolean;
}
