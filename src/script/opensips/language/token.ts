/** One piece of a script. */
export interface Token {
  readonly kind: TokenKind;
  /** As written; for a string its value, escapes undone. */
  readonly text: string;
  /** Of a number. */
  readonly number: number;
  /** Where it begins and ends in the source. */
  readonly start: number;
  readonly end: number;
}

export type TokenKind =
  /** A name or keyword; `yes`, `on` and their like are numbers. */
  | 'word'
  | 'number'
  | 'string'
  /** `$name`, `$name(inner)`, `$(name…)`, whole. */
  | 'variable'
  /** An IP address, with or without a mask. */
  | 'net'
  /** An operator or a bracket. */
  | 'mark'
  | 'end';

/** Operators, longest first. */
export const MARKS: readonly string[] = [
  '&&',
  '||',
  '==',
  '!=',
  '=~',
  '!~',
  '<=',
  '>=',
  '<<',
  '>>',
  ':=',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '&=',
  '|=',
  '^=',
  '=',
  '<',
  '>',
  '!',
  '+',
  '-',
  '*',
  '/',
  '%',
  '&',
  '|',
  '^',
  '~',
  '(',
  ')',
  '{',
  '}',
  '[',
  ']',
  ',',
  ';',
  ':',
  '.',
];

/** Words that are numbers. */
export const BOOLEANS: ReadonlyMap<string, number> = new Map([
  ['yes', 1],
  ['true', 1],
  ['on', 1],
  ['enable', 1],
  ['no', 0],
  ['false', 0],
  ['off', 0],
  ['disable', 0],
]);

/** Words that are operators. */
export const WORD_MARKS: ReadonlyMap<string, string> = new Map([
  ['and', '&&'],
  ['or', '||'],
  ['not', '!'],
]);
