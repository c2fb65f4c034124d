import type { ScriptMessage } from '../runtime/script-message.ts';
import type { Value } from '../value.ts';

/** One `{class.name,argument,…}`. */
export interface TransformSpec {
  readonly describe: string;
  /** How many arguments it takes. */
  readonly args: readonly [least: number, most: number];
  /** @returns null where it comes to nothing; never throws */
  readonly run: (value: Value, args: readonly Value[], m: ScriptMessage) => Value;
}

export type TransformTable = Readonly<Record<string, TransformSpec>>;
