import { BoundedMap } from '../../../base/bounded-map.ts';
import type { Argument } from '../api/message.ts';
import * as operations from '../compile/operations.ts';
import { NOWHERE } from '../compile/operations.ts';
import { patternOf } from '../compile/pattern.ts';
import { listOf } from '../compile/reference-code.ts';
import type { ArgumentKind, Argument as ArgumentSpec } from '../frame/argument.ts';
import type { FunctionSpec } from '../frame/function.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import type { References } from './references.ts';

/** Makes of what a program gives what a function takes; undefined where it cannot be used. */
type Taker = (m: ScriptMessage, given: NonNullable<Argument> | null) => unknown;

const REMEMBERED = 200;

/** Stands for arguments that cannot be used: the function is not called. */
export const UNUSABLE: readonly unknown[] = Object.freeze([]);

/** @returns what makes the arguments of one function's calls */
export function argumentTaker(
  { args, first }: FunctionSpec<never>,
  references: References,
): (m: ScriptMessage, given: readonly Argument[]) => readonly unknown[] {
  const takers = args.map((argument) => taker(argument, references));
  return (m, given) => {
    const shifted = first !== undefined && given.length === args.length - 1 ? [first, ...given] : given;
    const taken: unknown[] = [];
    for (let i = 0; i < shifted.length; i++) {
      const value = shifted[i];
      if (value === undefined) taken.push(undefined);
      else {
        const made = takers[i]!(m, value);
        if (made === undefined) return UNUSABLE;
        taken.push(made);
      }
    }
    return taken;
  };
}

function taker({ kind }: ArgumentSpec<unknown>, references: References): Taker {
  switch (kind.is) {
    case 'int':
      return (m, given) => operations.argumentNumber(m, given, NOWHERE);
    case 'variable':
      return (m, given) => references.of(String(given), m);
    case 'variables':
      return (m, given) => listOf(String(given)).map((it) => references.of(it, m));
    case 'regex':
      return (m, given) =>
        (typeof given === 'string' ? patternOf(given) : undefined) ??
        operations.argumentPattern(m, given, NOWHERE);
    default:
      return textTaker(kind);
  }
}

function textTaker(kind: ArgumentKind): Taker {
  const made = parsedTexts(kind);
  return (m, given) => {
    const text = typeof given === 'string' ? given : operations.argumentText(m, given, NOWHERE);
    return text === undefined ? undefined : made(m, text);
  };
}

function parsedTexts(kind: ArgumentKind): (m: ScriptMessage, text: string) => unknown {
  switch (kind.is) {
    case 'words':
      return remembering((m, text) => operations.argumentWords(m, kind, text, NOWHERE));
    case 'choice':
      return (m, text) => operations.argumentChoice(m, kind, text, NOWHERE);
    case 'socket':
      return (m, text) => operations.argumentSocket(m, text, NOWHERE);
    case 'parsed':
      return remembering((m, text) => operations.argumentParsed(m, kind, text, NOWHERE));
    default:
      return (_m, text) => text;
  }
}

/** Most calls give what they gave before. */
function remembering(
  make: (m: ScriptMessage, text: string) => unknown,
): (m: ScriptMessage, text: string) => unknown {
  const known = new BoundedMap<string, unknown>(REMEMBERED, 'drop-oldest');
  return (m, text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const made = make(m, text);
    if (made !== undefined) known.set(text, made);
    return made;
  };
}
