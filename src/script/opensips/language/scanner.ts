import type { Faults } from './faults.ts';
import { BOOLEANS, MARKS, type Token, type TokenKind, WORD_MARKS } from './token.ts';

const NET =
  /(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9a-fA-F]{0,4}:){2,7}(?:[0-9a-fA-F]{1,4}|\d{1,3}(?:\.\d{1,3}){3})?)(?:\/[0-9a-fA-F.:]+)?/y;
const NUMBER = /0x[0-9a-fA-F]+|\d+/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const VARIABLE_NAME = /[A-Za-z0-9_.?$]+/y;
/** A word of the global part, as a socket or a host name. */
const RAW = /[^\s;"'#(){},=]+/y;

/** Turns the text of a script into tokens, one at a time, for the parser knows what may come. */
export class Scanner {
  readonly #text: string;
  readonly #faults: Faults;
  #at = 0;

  constructor(faults: Faults) {
    this.#text = faults.source.text;
    this.#faults = faults;
  }

  get position(): number {
    return this.#at;
  }

  set position(at: number) {
    this.#at = at;
  }

  next(): Token {
    this.skipBlanks();
    const start = this.#at;
    const text = this.#text;
    if (start >= text.length) return this.#token('end', '', start);
    const c = text[start]!;
    if (c === '"' || c === "'") return this.#string(c);
    if (c === '$') return this.#variable();
    const net = this.#match(NET);
    if (net !== undefined && isNet(net)) return this.#token('net', net, start);
    this.#at = start;
    const number = this.#match(NUMBER);
    if (number !== undefined) return this.#number(number, start);
    const word = this.#match(WORD);
    if (word !== undefined) {
      const truth = BOOLEANS.get(word);
      if (truth !== undefined) return this.#token('number', word, start, truth);
      const mark = WORD_MARKS.get(word);
      return mark === undefined ? this.#token('word', word, start) : this.#token('mark', mark, start);
    }
    const mark = MARKS.find((it) => text.startsWith(it, start));
    if (mark !== undefined) {
      if (mark === '/' && text[start + 1] === '/') return this.#slashes(start);
      this.#at = start + mark.length;
      return this.#token('mark', mark, start);
    }
    const unknown = this.#match(/[^\sA-Za-z0-9_$"'(){}[\],;=&|!<>+\-*/%^~:.#]+/y) ?? c;
    this.#at = start + unknown.length;
    this.#faults.error(start, `${JSON.stringify(unknown)} means nothing here`);
    return this.next();
  }

  /**
   * A word of the global part: what stands up to the next blank, semicolon or comment; a string as its value.
   * @returns undefined at the end of the text, and where something else stands
   */
  raw(): Token | undefined {
    this.skipBlanks();
    const start = this.#at;
    const c = this.#text[start];
    if (c === '"' || c === "'") return this.#string(c);
    const word = this.#match(RAW);
    return word === undefined ? undefined : this.#token('word', word, start);
  }

  /** What stands from `start` to the end of the line, without a comment behind it. */
  restOfLine(start: number): string {
    const end = this.#text.indexOf('\n', start);
    return this.#text.slice(start, end < 0 ? this.#text.length : end);
  }

  skipBlanks(): void {
    const text = this.#text;
    for (;;) {
      const c = text.charCodeAt(this.#at);
      if (c === 0x20 || c === 0x0a || c === 0x09 || c === 0x0d || c === 0x08) this.#at++;
      else if (c === 0x23) this.#at = endOfLine(text, this.#at);
      else if (c === 0x2f && text[this.#at + 1] === '*') this.#comment();
      else if (c === 0x5c && /^\\\r?\n/.test(text.slice(this.#at, this.#at + 3))) this.#at++;
      else return;
    }
  }

  #comment(): void {
    const start = this.#at;
    const text = this.#text;
    let depth = 0;
    while (this.#at < text.length) {
      if (text.startsWith('/*', this.#at)) {
        depth++;
        this.#at += 2;
      } else if (text.startsWith('*/', this.#at)) {
        depth--;
        this.#at += 2;
        if (depth === 0) return;
      } else this.#at++;
    }
    this.#faults.error(start, 'this comment has no end', 'comments begin with /* and end with */, and nest');
  }

  #slashes(start: number): Token {
    this.#faults.error(start, '"//" begins no comment', 'write # instead');
    this.#at = endOfLine(this.#text, start);
    return this.next();
  }

  #string(quote: string): Token {
    const start = this.#at;
    const text = this.#text;
    let value = '';
    let at = start + 1;
    while (at < text.length && text[at] !== quote) {
      if (quote === '"' && text[at] === '\\') {
        const [piece, length] = unescaped(text, at);
        value += piece;
        at += length;
      } else value += text[at++]!;
    }
    if (at >= text.length) {
      this.#faults.error(start, `this string has no end: the closing ${quote} is missing`);
      // The line alone is taken for it, so that what follows is still looked at.
      this.#at = endOfLine(text, start);
      return this.#token('string', text.slice(start + 1, this.#at), start);
    }
    this.#at = at + 1;
    return this.#token('string', value, start);
  }

  #variable(): Token {
    const start = this.#at;
    this.#at++;
    if (this.#text[this.#at] !== '(') {
      this.#match(VARIABLE_NAME);
      if (this.#at === start + 1) {
        this.#faults.error(start, 'a name is missing behind "$"');
        return this.next();
      }
    }
    if (this.#text[this.#at] === '(') {
      const end = closing(this.#text, this.#at);
      if (end === undefined) {
        this.#faults.error(start, 'the parenthesis of this variable is not closed');
        this.#at = endOfLine(this.#text, start);
      } else this.#at = end;
    }
    return this.#token('variable', this.#text.slice(start, this.#at), start);
  }

  #number(text: string, start: number): Token {
    const value = /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
    if (value > 0xffff_ffff) this.#faults.error(start, `${text} is too large`, 'numbers have 32 bits');
    return this.#token('number', text, start, value | 0);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined || found === '') return undefined;
    this.#at += found.length;
    return found;
  }

  #token(kind: TokenKind, text: string, start: number, number = 0): Token {
    return { kind, text, number, start, end: this.#at };
  }
}

/** A variable ends on its line; more text than this is none. */
const LONGEST_VARIABLE = 4096;

/** Where the parenthesis that opens at `open` is closed, behind it; undefined where it is not. */
export function closing(text: string, open: number): number | undefined {
  let depth = 0;
  const last = Math.min(text.length, open + LONGEST_VARIABLE);
  for (let at = open; at < last && text[at] !== '\n'; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return at + 1;
  }
  return undefined;
}

/** `::` within `case "x"::` or a time is none; an address has at least two colons or three dots. */
function isNet(text: string): boolean {
  return text !== '::' && text !== ':' && /\d|[a-fA-F]/.test(text);
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  a: '\x07',
  t: '\t',
  '"': '"',
  '\\': '\\',
};

/** @returns what an escape in double quotes stands for, and its length as written */
function unescaped(text: string, at: number): [string, number] {
  const c = text[at + 1] ?? '';
  const known = ESCAPES[c];
  if (known !== undefined) return [known, 2];
  const hex = /^\\x([0-9a-fA-F]{1,2})/.exec(text.slice(at, at + 4));
  if (hex) return [String.fromCharCode(Number.parseInt(hex[1]!, 16)), hex[0].length];
  const octal = /^\\([0-7]{2,3})/.exec(text.slice(at, at + 4));
  if (octal) return [String.fromCharCode(Number.parseInt(octal[1]!, 8) & 0xff), octal[0].length];
  const lineBreak = /^\\\r?\n/.exec(text.slice(at, at + 3));
  // A backslash before anything else is a character like others: regular expressions need it.
  return lineBreak ? ['', lineBreak[0].length] : ['\\', 1];
}
