import { closing } from './scanner.ts';

/** A variable as it is written, taken apart; nothing is looked up yet. */
export interface VariableParts {
  readonly context: 'request' | 'reply' | undefined;
  readonly name: string;
  /** What stands in the parentheses; undefined where there are none. */
  readonly inner: string | undefined;
  /** What stands in the brackets; undefined where there are none. */
  readonly index: string | undefined;
  readonly transformations: readonly TransformationText[];
}

/** `{class.name,argument,…}` */
export interface TransformationText {
  readonly name: string;
  readonly args: readonly string[];
}

export type VariableResult =
  | { readonly ok: true; readonly parts: VariableParts }
  | { readonly ok: false; readonly problem: string; readonly hint?: string };

const MOST_TRANSFORMATIONS = 100;

/** Takes `$name`, `$name(inner)` or `$(<context>name(inner)[index]{transformation})` apart. */
export function readVariable(text: string): VariableResult {
  const whole = text.slice(1);
  if (!whole.startsWith('(')) {
    const open = whole.indexOf('(');
    if (open < 0) return named(whole, undefined);
    return named(whole.slice(0, open), whole.slice(open + 1, -1));
  }
  let rest = whole.slice(1, -1).trim();
  const context = /^<(\w+)>/.exec(rest);
  if (context && context[1] !== 'request' && context[1] !== 'reply') {
    return {
      ok: false,
      problem: `there is no context <${context[1]}>`,
      hint: 'the contexts are <request> and <reply>',
    };
  }
  if (context) rest = rest.slice(context[0].length);
  const name = /^[A-Za-z0-9_.?]+/.exec(rest)?.[0];
  if (name === undefined) return { ok: false, problem: `${text} has no name` };
  rest = rest.slice(name.length);
  let inner: string | undefined;
  if (rest.startsWith('(')) {
    const end = closing(rest, 0);
    if (end === undefined) return { ok: false, problem: `the parenthesis in ${text} is not closed` };
    inner = rest.slice(1, end - 1);
    rest = rest.slice(end).trim();
  }
  let index: string | undefined;
  if (rest.startsWith('[')) {
    const end = rest.indexOf(']');
    if (end < 0) return { ok: false, problem: `the bracket in ${text} is not closed` };
    index = rest.slice(1, end).trim();
    rest = rest.slice(end + 1).trim();
  }
  const transformations: TransformationText[] = [];
  while (rest.startsWith('{')) {
    if (transformations.length === MOST_TRANSFORMATIONS) {
      return { ok: false, problem: `${text} has more than ${MOST_TRANSFORMATIONS} transformations` };
    }
    const end = closingBrace(rest);
    if (end < 0) return { ok: false, problem: `the brace in ${text} is not closed` };
    transformations.push(transformation(rest.slice(1, end)));
    rest = rest.slice(end + 1).trim();
  }
  if (rest !== '') return { ok: false, problem: `"${rest}" means nothing in ${text}` };
  const side = context?.[1] as 'request' | 'reply' | undefined;
  return { ok: true, parts: { context: side, name, inner, index, transformations } };
}

function named(name: string, inner: string | undefined): VariableResult {
  return { ok: true, parts: { context: undefined, name, inner, index: undefined, transformations: [] } };
}

/** Braces nest where arguments are variables with transformations of their own. */
function closingBrace(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  return -1;
}

/** Commas within parentheses belong to variables; a separator may be a comma itself: `{s.select,1,,}`. */
function transformation(text: string): TransformationText {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (c === ',' && depth <= 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  const [name = '', ...args] = parts;
  // An empty one behind the last comma is that comma.
  if (args.length >= 2 && args.at(-1) === '' && args.at(-2) === '') args.splice(-2, 2, ',');
  return { name: name.trim(), args };
}

/** A piece of a format: text as it is, or a variable as written. */
export type FormatPiece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly text: string; readonly at: number };

/**
 * Takes a format apart: `$$` is a dollar; what follows a dollar and cannot be a variable stays as it is.
 * @param isName tells whether a variable has that name: `$ru.` at the end of a sentence is `$ru`
 */
export function readFormat(format: string, isName: (name: string) => boolean): readonly FormatPiece[] {
  const pieces: FormatPiece[] = [];
  let text = '';
  let at = 0;
  const variable = (end: number) => {
    if (text !== '') pieces.push({ kind: 'text', text });
    text = '';
    pieces.push({ kind: 'variable', text: format.slice(at, end), at });
    at = end;
  };
  while (at < format.length) {
    const dollar = format.indexOf('$', at);
    if (dollar < 0) break;
    text += format.slice(at, dollar);
    at = dollar;
    const next = format[at + 1];
    if (next === '$') {
      text += '$';
      at += 2;
    } else if (next === '(') {
      const end = closing(format, at + 1);
      if (end === undefined) {
        text += '$';
        at++;
      } else variable(end);
    } else {
      const end = nameEnd(format, at + 1, isName);
      if (end === at + 1) {
        text += '$';
        at++;
      } else variable(end);
    }
  }
  text += format.slice(at);
  if (text !== '') pieces.push({ kind: 'text', text });
  return pieces;
}

function nameEnd(format: string, start: number, isName: (name: string) => boolean): number {
  let name = /^[A-Za-z0-9_.?]*/.exec(format.slice(start, start + 128))![0];
  while (name !== '' && !isName(name)) {
    const dot = name.lastIndexOf('.');
    if (dot < 0) break;
    name = name.slice(0, dot);
  }
  const end = start + name.length;
  if (name === '' || format[end] !== '(') return end;
  return closing(format, end) ?? end;
}
