// biome-ignore-all format: printed by scripts/print-docs.ts

/** Answers OPTIONS requests to the server itself, by which others see whether it is there. */
export interface OptionsNames {
  /** Answers an OPTIONS request without a user in its Request-URI; ask is_myself("$rd") before. */
  options_reply(): boolean;
}
