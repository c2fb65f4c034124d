import type {
  Assert,
  Async,
  Call,
  Case,
  Expression,
  If,
  Operand,
  RawValue,
  Return,
  Statement,
  StringText,
  Switch,
} from './ast.ts';
import { ASSIGNMENTS, ExpressionParser, isNull } from './expression-parser.ts';
import { isRouteWord } from './route-words.ts';
import type { Token } from './token.ts';
import { shown, Unparsable } from './token-stream.ts';

/** Reads what stands in the braces of routes. */
export abstract class StatementParser extends ExpressionParser {
  /** Loops and switches around the statement that is read. */
  #breakable = 0;

  /** Statements in braces; what is wrong in one does not hide the next. */
  protected block(what: string): readonly Statement[] {
    const open = this.expect('{', `the ${what} is missing`);
    return this.nested(() => this.#statements(open, what));
  }

  #statements(open: Token, what: string): readonly Statement[] {
    const body: Statement[] = [];
    for (;;) {
      const token = this.peek();
      if (this.accept('}')) return body;
      if (token.kind === 'end' || this.#beginsBlock(token)) {
        this.faults.error(open.start, `the ${what} that begins here is not closed`, 'a "}" is missing');
        throw new Unparsable();
      }
      try {
        body.push(this.statement());
      } catch (error) {
        if (!(error instanceof Unparsable)) throw error;
        this.#recover();
      }
    }
  }

  /** `failure_route[…]` within a block: the block before it was not closed. */
  #beginsBlock(token: Token): boolean {
    if (token.kind !== 'word' || !isRouteWord(token.text)) return false;
    this.take();
    const begins = this.is('[') || this.is('{');
    this.moveTo(token.start);
    return begins;
  }

  /** Goes on behind the next semicolon, or at the brace that ends the block. */
  #recover(): void {
    let depth = 0;
    for (;;) {
      const token = this.peek();
      if (token.kind === 'end' || (depth === 0 && this.#beginsBlock(token))) return;
      if (token.text === '}' && token.kind === 'mark') {
        if (depth === 0) return;
        depth--;
        this.take();
        if (depth === 0) return;
        continue;
      }
      this.take();
      if (token.kind !== 'mark') continue;
      if (token.text === '{') depth++;
      else if (token.text === ';' && depth === 0) return;
    }
  }

  protected statement(): Statement {
    const token = this.peek();
    const { start } = token;
    if (token.kind === 'variable') {
      const target = this.variable();
      const { kind, text } = this.peek();
      if (kind !== 'mark' || !ASSIGNMENTS.has(text)) {
        this.fail(`nothing is done with ${target.text}`, 'an assignment is written $var(x) = 1;', start);
      }
      return this.#ended(this.assignment(target));
    }
    if (token.kind === 'mark') {
      if (this.accept(';')) return { kind: 'empty', start };
      if (token.text === '{') return { kind: 'block', body: this.block('block'), start };
    }
    if (token.kind !== 'word') this.fail(`a statement cannot begin with ${shown(token)}`);
    return this.#keyword(token);
  }

  #keyword(token: Token): Statement {
    const { start } = token;
    switch (token.text) {
      case 'if':
        return this.#if();
      case 'while': {
        const test = this.#test('while');
        return { kind: 'while', test, body: this.#loopBody(), start };
      }
      case 'for':
        return this.#forEach();
      case 'switch':
        return this.#switch();
      case 'break':
        this.take();
        this.#emptyParentheses();
        if (this.#breakable === 0) {
          this.faults.notice(start, 'there is nothing to break out of: the route ends here', 'write return;');
          return this.#ended({ kind: 'return', code: undefined, values: [], start });
        }
        return this.#ended({ kind: 'break', start });
      case 'exit':
      case 'drop':
        this.take();
        this.#emptyParentheses();
        return this.#ended({ kind: token.text, start });
      case 'return':
        return this.#ended(this.#return());
      case 'assert':
        return this.#ended(this.#assert());
      case 'async':
      case 'launch':
        return this.#ended(this.#async(token.text));
      case 'else':
        this.take();
        return this.fail('"else" without an "if" before it', 'the ";" before it may end the "if"', start);
      case 'case':
      case 'default':
        return this.fail(`"${token.text}" outside of a switch`);
      default:
        return this.#ended(this.call());
    }
  }

  #ended<S extends Statement>(statement: S): S {
    if (this.accept(';')) return statement;
    this.faults.error(
      this.lastEnd,
      `";" is missing before ${shown(this.peek())}`,
      'every statement ends with a semicolon',
    );
    return statement;
  }

  #emptyParentheses(): void {
    if (this.accept('(')) this.expect(')', 'nothing stands in these parentheses');
  }

  #test(word: string): ReturnType<StatementParser['condition']> {
    this.take();
    this.expect('(', `the condition of "${word}"`, `write ${word} (…) { … }`);
    const test = this.condition();
    this.expect(')', `the condition of "${word}" is not closed`);
    return test;
  }

  #if(): Statement {
    const arms: [start: number, test: Expression, body: readonly Statement[]][] = [];
    let otherwise: readonly Statement[] | undefined;
    do {
      const { start } = this.peek();
      this.countLink(arms.length);
      arms.push([start, this.#test('if'), this.#body()]);
      if (!this.accept('else')) break;
      if (!this.is('if')) otherwise = this.#body();
    } while (otherwise === undefined);
    return arms.reduceRight((rest: If | undefined, [start, test, then]) => {
      return { kind: 'if', test, then, otherwise: rest === undefined ? otherwise : [rest], start };
    }, undefined)!;
  }

  /** One statement, or several in braces. */
  #body(): readonly Statement[] {
    return this.is('{') ? this.block('block') : [this.nested(() => this.statement())];
  }

  #loopBody(): readonly Statement[] {
    this.#breakable++;
    try {
      return this.#body();
    } finally {
      this.#breakable--;
    }
  }

  #forEach(): Statement {
    const { start } = this.take();
    this.expect('(', 'the list of "for"', 'write for ($var(i) in $(avp(x)[*])) { … }');
    const item = this.#forVariable();
    this.expect('in', 'the list of "for"');
    const list = this.#forVariable();
    this.expect(')', 'the list of "for" is not closed');
    return { kind: 'for', item, list, body: this.#loopBody(), start };
  }

  #forVariable(): ReturnType<StatementParser['variable']> {
    if (this.peek().kind !== 'variable') {
      this.fail(`a variable is missing before ${shown(this.peek())}`, 'write for ($var(i) in $(avp(x)[*]))');
    }
    return this.variable();
  }

  #switch(): Switch {
    const { start } = this.take();
    this.expect('(', 'the variable of "switch"');
    if (this.peek().kind !== 'variable')
      this.fail('"switch" looks at a variable', 'write switch ($rc) { … }');
    const subject = this.variable();
    this.expect(')', 'the variable of "switch" is not closed');
    const open = this.expect('{', 'the cases of "switch"');
    this.#breakable++;
    try {
      return { kind: 'switch', subject, cases: this.nested(() => this.#cases(open)), start };
    } finally {
      this.#breakable--;
    }
  }

  #cases(open: Token): readonly Case[] {
    const cases: Case[] = [];
    let last: Token | undefined;
    while (!this.accept('}')) {
      const token = this.peek();
      if (token.kind === 'end' || this.#beginsBlock(token)) {
        this.fail('the switch that begins here is not closed', 'a "}" is missing', open.start);
      }
      if (last !== undefined) {
        this.fail('"default" is the last of the cases', 'put it behind all others', last.start);
      }
      if (this.accept('default')) last = token;
      else if (!this.accept('case')) {
        this.fail(`"case" or "default" is missing before ${shown(token)}`);
      }
      const value = last === undefined ? this.#caseValue() : undefined;
      this.expect(':', 'a case');
      cases.push({ value, body: this.#caseBody(), start: token.start });
    }
    if (cases.length === 0) this.fail('a switch needs a case', undefined, open.start);
    return cases;
  }

  #caseValue(): string | number {
    const operand = this.operand();
    if (operand.kind === 'string') return operand.text;
    if (operand.kind === 'number') return operand.number;
    return this.fail('a case is a string or a number', undefined, operand.start);
  }

  #caseBody(): readonly Statement[] {
    const body: Statement[] = [];
    while (!this.is('case') && !this.is('default') && !this.is('}') && this.peek().kind !== 'end') {
      if (this.#beginsBlock(this.peek())) break;
      try {
        body.push(this.statement());
      } catch (error) {
        if (!(error instanceof Unparsable)) throw error;
        this.#recover();
      }
    }
    return body;
  }

  #return(): Return {
    const { start } = this.take();
    if (!this.accept('(')) {
      const { kind, text } = this.peek();
      const given =
        kind === 'number' || kind === 'variable' || (kind === 'mark' && (text === '-' || text === '+'));
      return { kind: 'return', code: given ? this.#returnCode() : undefined, values: [], start };
    }
    if (this.accept(')')) return { kind: 'return', code: undefined, values: [], start };
    const code = this.is(',') ? undefined : this.#returnCode();
    const values: Operand[] = [];
    while (this.accept(',')) values.push(this.operand());
    this.expect(')', 'the values of "return" are not closed');
    return { kind: 'return', code, values, start };
  }

  #returnCode(): Operand {
    const operand = this.operand();
    if (operand.kind === 'number' || operand.kind === 'variable') return operand;
    return this.fail('a return code is a number', 'text may follow: return(1, "text")', operand.start);
  }

  #assert(): Assert {
    const { start } = this.take();
    this.expect('(', 'the condition of "assert"');
    const test = this.condition();
    const text = this.accept(',') ? this.#string('the text of "assert"').text : undefined;
    this.expect(')', 'the condition of "assert" is not closed');
    return { kind: 'assert', test, text, start };
  }

  #string(what: string): StringText {
    const operand = this.peek().kind === 'string' ? this.operand() : undefined;
    if (operand?.kind === 'string') return operand;
    return this.fail(`${what} is a string`);
  }

  #async(kind: 'async' | 'launch'): Async {
    const { start } = this.take();
    this.expect('(', `the function of "${kind}"`);
    const call = this.call() as Call;
    if (call.kind !== 'call') this.fail(`"${kind}" calls a function, not a route`, undefined, start);
    let route: RawValue | undefined;
    let timeout = 0;
    let text: StringText | undefined;
    if (this.accept(',')) {
      route = this.#routeName();
      if (this.accept(',')) {
        if (kind === 'launch') text = this.#string('what the route of "launch" is given');
        else {
          const seconds = this.number();
          timeout = seconds.kind === 'number' ? seconds.number : 0;
        }
      }
    } else if (kind === 'async') {
      this.fail('the route that goes on afterwards is missing', 'write async(function(), ROUTE);');
    }
    this.expect(')', `the arguments of "${kind}" are not closed`);
    return { kind, call, route, timeout, text, start };
  }

  /** A name, a number or a string. */
  #routeName(): RawValue {
    const { kind, text, start } = this.peek();
    if ((kind !== 'word' || isNull(this.peek())) && kind !== 'number' && kind !== 'string') {
      this.fail(`the name of a route is missing before ${shown(this.peek())}`);
    }
    this.take();
    return { text, start };
  }
}
