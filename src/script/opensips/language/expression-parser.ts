import type { Call, Expression, NetText, Operand, RouteCall, Statement, VariableText } from './ast.ts';
import { OLDER_MYSELF, OLDER_WORDS } from './older-words.ts';
import type { Token } from './token.ts';
import { shown, TokenStream } from './token-stream.ts';

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>=', '=~', '!~']);
export const ASSIGNMENTS: ReadonlySet<string> = new Set([
  '=',
  ':=',
  '+=',
  '-=',
  '*=',
  '/=',
  '%=',
  '&=',
  '|=',
  '^=',
]);
const BIT_MARKS: ReadonlySet<string> = new Set(['&', '|', '^', '<<', '>>']);
const SUM_MARKS: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%']);
const PRODUCTS: ReadonlySet<string> = new Set(['*', '/', '%']);
const MOST_ARGUMENTS = 8;

/** Reads conditions, values and calls. */
export abstract class ExpressionParser extends TokenStream {
  protected abstract statement(): Statement;
  protected abstract block(what: string): readonly Statement[];

  /** What stands in the parentheses of `if` and `while`. */
  protected condition(): Expression {
    return this.nested(() => {
      let left = this.#conditionOperand();
      let before: string | undefined;
      for (let links = 1; ; links++) {
        const token = this.peek();
        if (token.kind !== 'mark' || (token.text !== '&&' && token.text !== '||')) return left;
        if (before !== undefined && before !== token.text) {
          this.faults.notice(
            token.start,
            '&& and || bind equally in this language: they are taken from left to right',
            'put parentheses round what belongs together',
          );
        }
        before = token.text;
        this.countLink(links);
        this.take();
        const right = this.#conditionOperand();
        left = { kind: 'logic', operator: token.text, left, right, start: left.start };
      }
    });
  }

  #conditionOperand(): Expression {
    const token = this.peek();
    if (token.kind === 'mark') return this.#markedOperand(token);
    if (token.kind === 'number') return this.number();
    if (token.kind === 'variable') return this.#variableOperand();
    if (token.kind === 'word') return this.#wordOperand(token);
    if (token.kind === 'string') {
      this.fail('a string alone is no condition', 'compare a variable with it: $rU == "bob"');
    }
    return this.fail(`a condition is missing before ${shown(token)}`);
  }

  #markedOperand(token: Token): Expression {
    const { start } = token;
    switch (token.text) {
      case '!':
        this.take();
        return { kind: 'not', operand: this.nested(() => this.#conditionOperand()), start };
      case '(': {
        this.take();
        const inner = this.condition();
        this.expect(')', 'a parenthesis is not closed');
        return inner;
      }
      case '[': {
        this.take();
        const operand = this.value();
        this.expect(']', 'a test in brackets is not closed');
        return { kind: 'test', operand, start };
      }
      case '{':
        return { kind: 'block', body: this.block('block'), start };
      case '+':
      case '-':
        return this.number();
      default:
        return this.fail(`a condition is missing before ${shown(token)}`);
    }
  }

  #variableOperand(): Expression {
    const left = this.variable();
    const { kind, text } = this.peek();
    if (kind === 'mark' && ASSIGNMENTS.has(text)) {
      if (text === '=') {
        this.faults.notice(left.start, 'this assigns, and does not compare', 'write == to compare');
      }
      return this.assignment(left);
    }
    return kind === 'mark' && COMPARISONS.has(text) ? this.#comparison(left) : left;
  }

  #wordOperand(token: Token): Expression {
    if (token.text === 'if') {
      const statement = this.statement();
      return statement.kind === 'if' ? statement : { kind: 'block', body: [statement], start: token.start };
    }
    this.take();
    if (token.text === 'msg' && this.accept(':')) {
      this.expect('len', 'the length of the message', 'write $ml');
      return this.#olderComparison({ ...token, text: 'msg:len' });
    }
    const { kind, text } = this.peek();
    if (kind === 'mark' && COMPARISONS.has(text)) return this.#olderComparison(token);
    this.moveTo(token.start);
    return this.call();
  }

  /** `method=="INVITE"`, `uri==myself` */
  #olderComparison(word: Token): Expression {
    const variable = OLDER_WORDS.get(word.text);
    if (variable === undefined) {
      this.fail(
        `"${word.text}" is nothing that can be compared`,
        'compare variables: they begin with $',
        word.start,
      );
    }
    const left: VariableText = { kind: 'variable', text: variable, start: word.start };
    const operator = this.take();
    const myself = OLDER_MYSELF.get(word.text);
    if (this.is('myself') && myself !== undefined) {
      const { end } = this.take();
      const args = myself.map((text): VariableText => ({ kind: 'variable', text, start: word.start }));
      this.faults.notice(word.start, 'an older spelling', `write is_myself(${myself.join(', ')})`);
      const call: Call = { kind: 'call', name: 'is_myself', args, start: word.start, end };
      return operator.text === '!=' ? { kind: 'not', operand: call, start: word.start } : call;
    }
    this.faults.notice(word.start, 'an older spelling', `write ${variable}`);
    const next = this.peek();
    if (next.kind === 'word' && !isNull(next)) {
      // `proto==UDP`
      this.take();
      const right = { kind: 'string', text: next.text, start: next.start } as const;
      return { kind: 'compare', operator: operator.text, left, right, start: word.start };
    }
    this.moveTo(operator.start);
    return this.#comparison(left);
  }

  #comparison(left: VariableText): Expression {
    const operator = this.take().text;
    return { kind: 'compare', operator, left, right: this.#comparand(operator), start: left.start };
  }

  #comparand(operator: string): Operand | NetText {
    const token = this.peek();
    const equality = operator === '==' || operator === '!=';
    if (token.kind === 'string' || token.kind === 'number' || token.kind === 'variable')
      return this.operand();
    if (token.kind === 'mark' && (token.text === '-' || token.text === '+')) return this.number();
    if (token.kind === 'word' && isNull(token) && equality) return this.operand();
    if (token.kind === 'net' && equality) {
      this.take();
      return { kind: 'net', text: token.text, start: token.start };
    }
    if (token.text === '[' && equality) {
      this.take();
      const net = this.take();
      this.expect(']', 'an address in brackets is not closed');
      if (net.kind === 'net') return { kind: 'net', text: net.text, start: net.start };
    }
    return this.fail(
      `nothing that "${operator}" compares with stands before ${shown(token)}`,
      'compare with a string in quotes, a number, a variable, NULL or an address',
    );
  }

  /** What may be assigned and tested in brackets. */
  protected value(): Expression {
    return this.nested(() => this.#bits());
  }

  #bits(): Expression {
    return this.#chain(BIT_MARKS, () => this.#sums());
  }

  /** Sums and products bind equally, from left to right. */
  #sums(): Expression {
    let before: string | undefined;
    return this.#chain(
      SUM_MARKS,
      () => this.#primary(),
      (token) => {
        if (before !== undefined && PRODUCTS.has(token.text) && !PRODUCTS.has(before)) {
          this.faults.notice(
            token.start,
            `"${before}" and "${token.text}" bind equally in this language: they are taken from left to right`,
            'put parentheses round what belongs together',
          );
        }
        before = token.text;
      },
    );
  }

  #chain(marks: ReadonlySet<string>, operand: () => Expression, see?: (token: Token) => void): Expression {
    let left = operand();
    for (let links = 1; ; links++) {
      const token = this.peek();
      if (token.kind !== 'mark' || !marks.has(token.text)) return left;
      this.countLink(links);
      see?.(token);
      this.take();
      left = { kind: 'arithmetic', operator: token.text, left, right: operand(), start: left.start };
    }
  }

  #primary(): Expression {
    const token = this.peek();
    if (token.kind === 'variable') {
      const left = this.variable();
      const { kind, text } = this.peek();
      return kind === 'mark' && COMPARISONS.has(text) ? this.#comparison(left) : left;
    }
    if (token.kind === 'string' || token.kind === 'number') return this.operand();
    if (token.kind === 'word' && !isNull(token)) return this.call();
    if (token.kind === 'mark') {
      if (token.text === '-' || token.text === '+') return this.number();
      if (token.text === '~') {
        this.take();
        return { kind: 'complement', operand: this.nested(() => this.#primary()), start: token.start };
      }
      if (token.text === '(') {
        this.take();
        const inner = this.value();
        this.expect(')', 'a parenthesis is not closed');
        return inner;
      }
    }
    if (token.kind === 'net') {
      this.fail('an address stands in quotes here', `write "${token.text}"`);
    }
    return this.fail(`a value is missing before ${shown(token)}`);
  }

  protected assignment(target: VariableText): Expression & { readonly kind: 'assign' } {
    const operator = this.take().text;
    const token = this.peek();
    const value: Expression = token.kind === 'word' && isNull(token) ? this.operand() : this.value();
    if (value.kind === 'null' && operator !== '=' && operator !== ':=') {
      this.fail(`"${operator}" needs a value`, 'NULL is assigned by = or :=', token.start);
    }
    return { kind: 'assign', target, operator, value, start: target.start };
  }

  protected variable(): VariableText {
    const { text, start } = this.take();
    return { kind: 'variable', text, start };
  }

  /** A number with or without a sign. */
  protected number(): Operand {
    const { start } = this.peek();
    const sign = this.accept('-') ? -1 : this.accept('+') ? 1 : 1;
    const token = this.peek();
    if (token.kind !== 'number') this.fail(`a number is missing before ${shown(token)}`);
    this.take();
    return { kind: 'number', number: (sign * token.number) | 0, text: token.text, start };
  }

  /** A string (several in a row are one), a number, a variable or NULL. */
  protected operand(): Operand {
    const token = this.peek();
    if (token.kind === 'string') {
      let text = '';
      while (this.peek().kind === 'string') text += this.take().text;
      return { kind: 'string', text, start: token.start };
    }
    if (token.kind === 'variable') return this.variable();
    if (token.kind === 'word' && isNull(token)) {
      this.take();
      return { kind: 'null', start: token.start };
    }
    return this.number();
  }

  /** `name(…)` or `route(name, …)`. */
  protected call(): Call | RouteCall {
    const name = this.take();
    if (name.kind !== 'word') this.fail(`a function is missing before ${shown(name)}`, undefined, name.start);
    if (!this.is('(')) {
      this.fail(
        `"${name.text}" alone means nothing`,
        `a function is called with parentheses: ${name.text}(); a string stands in quotes`,
        name.start,
      );
    }
    const args = this.#arguments(name);
    if (name.text !== 'route') {
      return { kind: 'call', name: name.text, args, start: name.start, end: this.lastEnd };
    }
    const [route, ...rest] = args;
    if (route === undefined || route.kind === 'null') {
      this.fail('the name of the route is missing', 'write route(NAME)', name.start);
    }
    const given = rest.map((it): Operand => it ?? { kind: 'null', start: name.start });
    return { kind: 'route', name: route, args: given, start: name.start };
  }

  #arguments(name: Token): (Operand | undefined)[] {
    this.expect('(', `the arguments of ${name.text}`);
    const args: (Operand | undefined)[] = [];
    if (this.accept(')')) return args;
    for (;;) {
      args.push(this.is(',') || this.is(')') ? undefined : this.#argument(name));
      if (args.length > MOST_ARGUMENTS) {
        this.fail(`${name.text} has too many arguments`, undefined, name.start);
      }
      if (this.accept(',')) continue;
      this.expect(')', `the arguments of ${name.text} are not closed`, 'commas stand between arguments');
      return args;
    }
  }

  #argument(name: Token): Operand {
    const token = this.peek();
    const { kind } = token;
    const signed = kind === 'mark' && (token.text === '-' || token.text === '+');
    const named = name.text === 'route' || name.text === 'async' || name.text === 'launch';
    if (kind === 'word' && isNull(token) && name.text === 'route') return this.operand();
    if (kind === 'string' || kind === 'variable' || signed) return this.operand();
    if (kind === 'number') {
      this.take();
      const next = this.peek();
      this.moveTo(token.start);
      // A number, unless it begins something longer that older scripts write without quotes.
      if (next.text === ',' || next.text === ')') return this.operand();
    }
    if (kind === 'end' || kind === 'mark') {
      this.fail(`an argument of ${name.text} is missing before ${shown(token)}`);
    }
    this.moveTo(token.start);
    const text = this.bareText();
    if (!named) this.faults.notice(token.start, 'an older spelling', `put the argument in quotes: "${text}"`);
    return { kind: 'string', text, start: token.start, bare: true };
  }

  /** An argument without quotes, up to the comma or parenthesis behind it. */
  protected bareText(): string {
    const start = this.scanner.position;
    const text = /^[^,();{}"'\n]*/.exec(this.faults.source.text.slice(start, start + 256))![0];
    this.moveTo(start + text.length);
    return text.trim();
  }
}

export function isNull({ text }: Token): boolean {
  return text === 'NULL' || text === 'null';
}
