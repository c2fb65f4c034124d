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
  /** More about it, as JSON-RPC's `data`. */
  readonly details: string | undefined;

  constructor(code: number, message: string, details?: string) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

/** Parameters by name; those that came by position have got their names. */
export type CommandParams = Readonly<Record<string, Json>>;

/** A management command of a module, with OpenSIPS's name (`module:command`) and answer. Its texts are people's, not byte strings. */
export interface CommandSpec<S> {
  readonly describe: string;
  /**
   * Names of its parameters in the order in which they may come by position; those with a `?` may be left out, `name[]`
   * is a list.
   */
  readonly params?: readonly string[];
  /** Further names that do the same, as those of older versions. */
  readonly aliases?: readonly string[];
  /** @throws CommandError where it cannot be done */
  readonly run: (state: S, params: CommandParams) => MaybePromise<Json>;
}

/**
 * A number among the parameters, also one that is written as text.
 * @throws CommandError where it is none
 */
export function intParam(params: CommandParams, name: string): number {
  const value = params[name];
  const number = typeof value === 'string' && /^-?\d{1,10}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number)) return number;
  throw new CommandError(-32602, 'Invalid params', `${name} is no number`);
}

/** A text among the parameters; a number is its digits. @throws CommandError where it is none, or empty */
export function textParam(params: CommandParams, name: string): string {
  const value = params[name];
  if ((typeof value === 'string' && value !== '') || typeof value === 'number') return String(value);
  throw new CommandError(-32602, 'Invalid params', `${name} is no text`);
}
