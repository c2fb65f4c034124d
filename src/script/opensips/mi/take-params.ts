import { CommandError, type CommandParams, type CommandSpec, type Json } from '../frame/command.ts';
import { INVALID_PARAMS } from './rpc-codes.ts';

/** Parameters as they come: by position, by name, or none. */
export type GivenParams = readonly Json[] | Readonly<Record<string, Json>> | undefined;

/** One parameter of a command. */
export interface CommandParam {
  readonly name: string;
  readonly optional: boolean;
  readonly list: boolean;
}

/** What {@link CommandSpec.params} says. */
export function paramsOf({ params = [] }: Pick<CommandSpec<never>, 'params'>): readonly CommandParam[] {
  return params.map((written) => ({
    name: written.replace(/[?[\]]+$/, ''),
    optional: written.endsWith('?'),
    list: written.includes('[]'),
  }));
}

/**
 * Gives parameters their names.
 * @throws CommandError for too few, too many, or others
 */
export function takeParams(params: readonly CommandParam[], given: GivenParams): CommandParams {
  const named = isList(given) ? byPosition(params, given) : { ...given };
  for (const { name, list } of params) {
    const value = named[name];
    if (list && value !== undefined && !Array.isArray(value)) named[name] = [value];
  }
  return named;
}

/**
 * Words of a person or a script: `name=value` where all of them name a parameter, else by position. Words beyond the
 * last parameter belong to it where it is a list.
 */
export function wordParams(params: readonly CommandParam[], words: readonly string[]): GivenParams {
  const pairs = words.map((word) => /^(\w+)=(.*)$/s.exec(word));
  const known = new Set(params.map(({ name }) => name));
  if (words.length > 0 && pairs.every((pair) => pair !== null && known.has(pair[1]!))) {
    return Object.fromEntries(pairs.map((pair) => [pair![1]!, pair![2]!]));
  }
  return words;
}

function isList(given: GivenParams): given is readonly Json[] {
  return Array.isArray(given);
}

function byPosition(params: readonly CommandParam[], given: readonly Json[]): Record<string, Json> {
  const last = params.length - 1;
  const rest = params[last]?.list === true && given.length > params.length;
  const values = rest ? [...given.slice(0, last), given.slice(last)] : given;
  const least = params.filter(({ optional }) => !optional).length;
  if (values.length < least || values.length > params.length) {
    throw new CommandError(INVALID_PARAMS, 'Invalid params', 'Too few or too many parameters');
  }
  return Object.fromEntries(values.map((value, i) => [params[i]!.name, value]));
}

/** @throws CommandError where one is missing or unknown */
export function checkNames(params: readonly CommandParam[], given: CommandParams): void {
  const names = Object.keys(given);
  const known = names.every((name) => params.some((it) => it.name === name));
  const whole = params.every(({ name, optional }) => optional || Object.hasOwn(given, name));
  if (known && whole) return;
  const least = params.filter(({ optional }) => !optional).length;
  const counts = names.length >= least && names.length <= params.length;
  throw new CommandError(
    INVALID_PARAMS,
    'Invalid params',
    counts ? 'Named parameters do not match' : 'Too few or too many parameters',
  );
}
