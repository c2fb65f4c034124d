import type { Faults } from './faults.ts';
import { Scanner } from './scanner.ts';
import type { Token } from './token.ts';

/** Leaves a rule of the grammar from any depth; the fault has been told. Never leaves the parser. */
export class Unparsable extends Error {}

/** Deeper nesting is nobody's intent, and would exhaust the stack. */
const DEEPEST = 120;
const LONGEST_CHAIN = 1000;

/** The tokens of a script with one to look ahead, and the words to complain with. */
export class TokenStream {
  protected readonly scanner: Scanner;
  protected readonly faults: Faults;
  #next: Token | undefined;
  #lastEnd = 0;
  #depth = 0;

  constructor(faults: Faults) {
    this.faults = faults;
    this.scanner = new Scanner(faults);
  }

  /** The next token, which stays. */
  protected peek(): Token {
    this.#next ??= this.scanner.next();
    return this.#next;
  }

  protected take(): Token {
    const token = this.peek();
    this.#next = undefined;
    this.#lastEnd = token.end;
    return token;
  }

  /** Goes back, or on, to a place in the text; what was looked at is forgotten. */
  protected moveTo(position: number): void {
    this.#next = undefined;
    this.scanner.position = position;
  }

  /** Where the token before the next one ends. */
  protected get lastEnd(): number {
    return this.#lastEnd;
  }

  protected is(text: string): boolean {
    const { kind, text: found } = this.peek();
    return found === text && (kind === 'mark' || kind === 'word');
  }

  protected accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.take();
    return true;
  }

  protected expect(text: string, why: string, hint?: string): Token {
    if (this.is(text)) return this.take();
    return this.fail(`${why}: "${text}" is missing before ${shown(this.peek())}`, hint);
  }

  /** Complains of the next token, and leaves the rule. */
  protected fail(message: string, hint?: string, start: number = this.peek().start): never {
    // What is wrong here already has brought the parser off its way.
    if (!this.faults.hasErrorAt(start)) this.faults.error(start, message, hint);
    throw new Unparsable();
  }

  /** Ends a chain of operators, or of `else if`, that is too long to be meant. */
  protected countLink(links: number): void {
    if (links > LONGEST_CHAIN)
      this.fail(
        `this goes on for more than ${LONGEST_CHAIN} parts`,
        'put parts of it into routes of their own',
      );
  }

  /** Runs a rule that may hold itself. */
  protected nested<T>(rule: () => T): T {
    if (this.#depth >= DEEPEST)
      this.fail('this is nested too deeply', 'put parts of it into routes of their own');
    this.#depth++;
    try {
      return rule();
    } finally {
      this.#depth--;
    }
  }
}

/** A token as a person names it. */
export function shown({ kind, text }: Token): string {
  if (kind === 'end') return 'the end of the script';
  return kind === 'string' ? 'a string' : `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`;
}
