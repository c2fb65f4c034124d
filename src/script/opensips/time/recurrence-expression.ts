import { TimeRecurrence } from './recurrence.ts';

/** Whether it is now. @param wallMs ms since 1970 */
export type TimeTest = (wallMs: number) => boolean;

const MOST_DEPTH = 32;

/**
 * Recurrences joined by `&` and `/`, turned round by `!`, in parentheses: `A & !(B / C)`. `&` binds closer.
 * @returns undefined for what is none
 */
export function parseTimeExpression(text: string): TimeTest | undefined {
  const reader = new Reader(text);
  const test = reader.either(0);
  return reader.atEnd ? test : undefined;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    this.#skipBlanks();
    return this.#at === this.#text.length;
  }

  either(depth: number): TimeTest | undefined {
    let test = this.#both(depth);
    while (test && this.#take('/')) {
      const [one, other] = [test, this.#both(depth)];
      test = other && ((now) => one(now) || other(now));
    }
    return test;
  }

  #both(depth: number): TimeTest | undefined {
    let test = this.#single(depth);
    while (test && this.#take('&')) {
      const [one, other] = [test, this.#single(depth)];
      test = other && ((now) => one(now) && other(now));
    }
    return test;
  }

  #single(depth: number): TimeTest | undefined {
    if (depth > MOST_DEPTH) return undefined;
    if (this.#take('!')) {
      const test = this.#single(depth + 1);
      return test && ((now) => !test(now));
    }
    if (this.#take('(')) {
      const test = this.either(depth + 1);
      return this.#take(')') ? test : undefined;
    }
    const recurrence = TimeRecurrence.parse(this.#leaf());
    return recurrence && ((now) => recurrence.matches(now));
  }

  /** The `/` inside the name of a zone joins nothing. */
  #leaf(): string {
    const start = this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at]!;
      if (c === '&' || c === '!' || c === '(' || c === ')') break;
      if (c === '/' && !/^\s*[A-Za-z][A-Za-z_+\-/]*$/.test(this.#text.slice(start, this.#at))) break;
    }
    return this.#text.slice(start, this.#at);
  }

  #take(c: string): boolean {
    this.#skipBlanks();
    if (this.#text[this.#at] !== c) return false;
    this.#at++;
    return true;
  }

  #skipBlanks(): void {
    while (this.#at < this.#text.length && this.#text.charCodeAt(this.#at) <= 0x20) this.#at++;
  }
}
