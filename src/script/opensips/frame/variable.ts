import type { ScriptMessage } from '../runtime/script-message.ts';
import type { Value } from '../value.ts';

/** The index of a variable: a place in a list, `*` for all of it, `append` for behind it; undefined where none is written. */
export type Index = number | '*' | 'append' | undefined;

/** `:=` puts a value in place of all there are; every other assignment gives the value that is to be set. */
export type AssignKind = '=' | ':=';

/** What the script names between the parentheses: `$hdr(NAME)`. */
export type InnerName =
  /** `$ru` */
  | 'none'
  /** `$var(NAME)`: always there, taken as text; variables in it are filled in. */
  | 'name'
  /** `$socket_in`, `$socket_in(port)` */
  | 'optional';

/**
 * A pseudo-variable: `$NAME`, `$NAME(inner)`, `$(NAME[index])`. `S` is the state of its module.
 */
export interface VariableSpec<S> {
  readonly describe: string;
  readonly inner?: InnerName;
  /** The names that may stand in the parentheses, with what they mean; any where left out. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Whether `$(NAME[index])` is anything. */
  readonly indexed?: boolean;
  /** @returns null where there is none; text is a byte string */
  readonly read: (m: ScriptMessage, state: S, inner: string, index: Index) => Value;
  /** Absent: it cannot be written. @returns false where the value does not fit, which stops nothing */
  readonly write?: (
    m: ScriptMessage,
    state: S,
    value: Value,
    inner: string,
    index: Index,
    how: AssignKind,
  ) => boolean;
  /** It is in older scripts, and works; what to write instead. */
  readonly older?: string;
}

/** A variable in the hands of a function. */
export interface VariableRef {
  /** As written in the script, for messages. */
  readonly text: string;
  get(m: ScriptMessage): Value;
  /** The value at one index, for variables that are lists. */
  at(m: ScriptMessage, index: number): Value;
  /** @returns false where the variable does not take it */
  set(m: ScriptMessage, value: Value, how?: AssignKind): boolean;
}
