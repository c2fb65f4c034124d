import type { RE2JS } from 're2js';
import type { Listener } from '../../../net/listener.ts';
import type { VariableRef } from './variable.ts';

/** How an argument of a script function is read. */
export type ArgumentKind =
  | { readonly is: 'text' }
  | { readonly is: 'static' }
  | { readonly is: 'int'; readonly least: number; readonly most: number }
  | { readonly is: 'variable'; readonly writable: boolean; readonly only: readonly string[] | undefined }
  | { readonly is: 'variables'; readonly only: readonly string[] | undefined }
  | { readonly is: 'regex' }
  | { readonly is: 'route'; readonly of: NamedRoute }
  | { readonly is: 'letters'; readonly known: Readonly<Record<string, string>>; readonly rest: boolean }
  | { readonly is: 'words'; readonly known: Readonly<Record<string, number>>; readonly numeric: boolean }
  | { readonly is: 'choice'; readonly known: readonly string[] }
  | { readonly is: 'socket' }
  | {
      readonly is: 'parsed';
      readonly parse: (text: string) => ParsedArgument<unknown>;
      /** Variables in it are not filled in. */
      readonly raw?: boolean;
    };

/** The kinds of blocks that a function may name. */
export type NamedRoute = 'request' | 'failure' | 'branch' | 'onreply';

/** What {@link parsed} makes of an argument; `hint` says what to write instead. */
export type ParsedArgument<T> =
  | { readonly ok: true; readonly value: T; readonly notice?: string }
  | { readonly ok: false; readonly problem: string; readonly hint?: string };

/**
 * One argument of a script function. `T` is what the function gets: known at load time where the script writes a
 * constant, else made anew for each call.
 */
export interface Argument<T> {
  readonly name: string;
  readonly kind: ArgumentKind;
  readonly optional: boolean;
  /** For the documentation, where the name does not say it. */
  readonly describe: string;
  /** Only for the type. */
  given?(value: T): void;
}

/** What a function gets for its arguments: `undefined` for an optional one that was left out. */
export type Given<A extends readonly Argument<unknown>[]> = {
  -readonly [K in keyof A]: A[K] extends Argument<infer T> ? T : never;
};

function make<T>(name: string, kind: ArgumentKind, describe = ''): Argument<T> {
  return { name, kind, optional: false, describe };
}

/** Text in which variables are filled in at each call: OpenSIPS's string. A byte string. */
export function text(name: string, describe?: string): Argument<string> {
  return make(name, { is: 'text' }, describe);
}

/** Text that is taken as it is written, variables and all. */
export function staticText(name: string, describe?: string): Argument<string> {
  return make(name, { is: 'static' }, describe);
}

/** A number, or a variable that holds one. */
export function int(
  name: string,
  options: { readonly least?: number; readonly most?: number; readonly describe?: string } = {},
): Argument<number> {
  const { least = -(2 ** 31), most = 2 ** 31 - 1, describe } = options;
  return make(name, { is: 'int', least, most }, describe);
}

/** A variable that is written to, and may be read. */
export function output(name: string, describe?: string, only?: readonly string[]): Argument<VariableRef> {
  return make(name, { is: 'variable', writable: true, only }, describe);
}

/** A variable that is read, with its indexes. */
export function input(name: string, describe?: string, only?: readonly string[]): Argument<VariableRef> {
  return make(name, { is: 'variable', writable: false, only }, describe);
}

/** Variables that are written to, in one text with `;` or `,` between: `"$avp(a);$avp(b)"`. */
export function outputs(
  name: string,
  describe?: string,
  only?: readonly string[],
): Argument<readonly VariableRef[]> {
  return make(name, { is: 'variables', only }, describe);
}

/** A POSIX extended expression without regard to case, compiled at load time where it is a constant. */
export function regex(name: string, describe?: string): Argument<RE2JS> {
  return make(name, { is: 'regex' }, describe);
}

/** The name of a route block, checked to be there. */
export function route(name: string, of: NamedRoute, describe?: string): Argument<string> {
  return make(name, { is: 'route', of }, describe);
}

/** Flag letters in one word, each with its meaning: a wrong one is found at load time. `rest` lets others pass. */
export function letters(
  name: string,
  known: Readonly<Record<string, string>>,
  options: { readonly rest?: boolean; readonly describe?: string } = {},
): Argument<string> {
  return make(name, { is: 'letters', known, rest: options.rest ?? false }, options.describe);
}

/**
 * Words with commas between, each with its bit; the function gets the bits together.
 * @param numeric older scripts write the sum of the bits, which is accepted with a notice
 */
export function words(
  name: string,
  known: Readonly<Record<string, number>>,
  options: { readonly numeric?: boolean; readonly describe?: string } = {},
): Argument<number> {
  return make(name, { is: 'words', known, numeric: options.numeric ?? false }, options.describe);
}

/** One of a few words. */
export function choice<const W extends readonly string[]>(
  name: string,
  known: W,
  describe?: string,
): Argument<W[number]> {
  return make(name, { is: 'choice', known }, describe);
}

/** One of the server's own sockets: `udp:10.0.0.34:5060`, or its tag. */
export function socket(name: string, describe?: string): Argument<Listener> {
  return make(name, { is: 'socket' }, describe);
}

/** Anything else: `parse` runs at load time for a constant, and at each call for what holds variables. */
export function parsed<T>(
  name: string,
  parse: (text: string) => ParsedArgument<T>,
  describe?: string,
): Argument<T> {
  return make(name, { is: 'parsed', parse }, describe);
}

/** As {@link parsed}, for a text that is taken as it is written, variables and all. */
export function asWritten<T>(
  name: string,
  parse: (text: string) => ParsedArgument<T>,
  describe?: string,
): Argument<T> {
  return make(name, { is: 'parsed', parse, raw: true }, describe);
}

/** An argument that may be left out. */
export function optional<T>(argument: Argument<T>): Argument<T | undefined> {
  return { ...argument, optional: true } as Argument<T | undefined>;
}
