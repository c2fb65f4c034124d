import type { MaybePromise } from '../../../core/registrar/location-store.ts';

/** A value that JSON can say; MI answers are such. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** What an MI command refuses with: JSON-RPC's error, with OpenSIPS's codes (404 not found, 400 bad parameter …). */
export class CommandError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Parameters by name; those that came by position have got their names. */
export type CommandParams = Readonly<Record<string, Json>>;

/** A management command of a module, with OpenSIPS's name and answer. */
export interface CommandSpec<S> {
  readonly describe: string;
  /** Names of its parameters in the order in which they may come by position; those with a `?` may be left out. */
  readonly params?: readonly string[];
  /** Further names that do the same, as those of older versions. */
  readonly aliases?: readonly string[];
  /** @throws CommandError where it cannot be done */
  readonly run: (state: S, params: CommandParams) => MaybePromise<Json>;
}
