// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Translates texts, as dialled numbers, by the rules of OpenSIPS’s table: by equality or by expressions. */
export interface DialplanNames {
  /** Translates a text by the rules of a dialplan; a rule without a replacement leaves `out_var` as it is. */
  dp_translate(id: Argument, input: Argument, out_var?: string, attrs_var?: string, partition?: Argument): boolean;
}
