import { fromByteString } from '../../../wire/sip/text.ts';
import type { CodeSettings } from '../compile/statement-compiler.ts';
import type { Async, Return, Statement, Switch, While } from '../language/ast.ts';
import { ExpressionWriter, type ScriptView } from './expression-writer.ts';
import { quoted } from './literals.ts';

const INDENT = '  ';

/** Writes the statements of one route as TypeScript. */
export class StatementWriter {
  readonly #expressions: ExpressionWriter;
  readonly #view: ScriptView;
  readonly #settings: CodeSettings;
  #loops = 0;

  constructor(view: ScriptView, settings: CodeSettings) {
    this.#view = view;
    this.#settings = settings;
    this.#expressions = new ExpressionWriter(view);
  }

  /** @param tail whether the route returns what the last of them does */
  lines(statements: readonly Statement[], tail: boolean): string[] {
    const real = statements.filter(({ kind }) => kind !== 'empty');
    return real.flatMap((statement, i) => [
      ...comments(this.#view, statement.start),
      ...this.#statement(statement, tail && i === real.length - 1),
    ]);
  }

  #statement(statement: Statement, tail: boolean): readonly string[] {
    const expressions = this.#expressions;
    switch (statement.kind) {
      case 'call':
        return this.#valued(expressions.call(statement), tail);
      case 'route':
        return this.#valued(expressions.route(statement), tail);
      case 'assign':
        return this.#valued(expressions.plainAssignment(statement), tail);
      case 'if':
        return this.#if(statement, tail);
      case 'while':
        return this.#while(statement);
      case 'for': {
        const { item, list, body } = statement;
        const name = this.#loopName('item');
        return [
          `for (const ${name} of m.list(${quoted(list.text)})) {`,
          ...indented([`m.set(${quoted(item.text)}, ${name});`, ...this.lines(body, false)]),
          '}',
        ];
      }
      case 'switch':
        return this.#switch(statement);
      case 'block':
        return this.lines(statement.body, tail);
      case 'exit':
        return ['m.exit();'];
      case 'drop':
        return ['m.drop();'];
      case 'break':
        return ['break;'];
      case 'return':
        return this.#return(statement);
      case 'assert': {
        if (!this.#settings.asserts) return [];
        const text = statement.text ? `, ${quoted(statement.text)}` : '';
        return [`m.assert(${expressions.boolean(statement.test)}${text});`];
      }
      case 'async':
      case 'launch':
        return this.#async(statement);
      default:
        return [];
    }
  }

  #valued(code: string, tail: boolean): readonly string[] {
    return [`${code};`, ...(tail && this.#view.usesResults ? ['return m.code;'] : [])];
  }

  #if({ test, then, otherwise }: Extract<Statement, { kind: 'if' }>, tail: boolean): readonly string[] {
    const { readsCodes } = this.#view;
    const thenLines = then.length > 0 ? this.lines(then, tail) : readsCodes ? ['m.judged(true);'] : [];
    const elseLines =
      otherwise && otherwise.length > 0
        ? this.lines(otherwise, tail)
        : readsCodes
          ? ['m.judged(false);']
          : [];
    const head = `if (${this.#expressions.condition(test)}) {`;
    if (elseLines.length === 0) return [head, ...indented(thenLines), '}'];
    const chained =
      otherwise?.length === 1 && otherwise[0]!.kind === 'if' && elseLines[0]!.startsWith('if (');
    if (chained) return [head, ...indented(thenLines), `} else ${elseLines[0]}`, ...elseLines.slice(1)];
    return [head, ...indented(thenLines), '} else {', ...indented(elseLines), '}'];
  }

  #while({ test, body }: While): readonly string[] {
    const n = this.#loopName('round');
    const condition = this.#expressions.condition(test);
    const lines = this.lines(body, false);
    if (this.#view.readsCodes) {
      const leave = [`if (!(${condition})) {`, ...indented(['m.judged(false);', 'break;']), '}'];
      return [`for (let ${n} = 0; m.mayRepeat(${n}); ${n}++) {`, ...indented([...leave, ...lines]), '}'];
    }
    const all = /\|\|/.test(condition) ? `(${condition})` : condition;
    return [`for (let ${n} = 0; m.mayRepeat(${n}) && ${all}; ${n}++) {`, ...indented(lines), '}'];
  }

  #loopName(name: string): string {
    this.#loops++;
    return this.#loops === 1 ? name : `${name}${this.#loops}`;
  }

  #switch({ subject, cases }: Switch): readonly string[] {
    const literals = cases.flatMap(({ value }) => (value === undefined ? [] : [literalOf(value)]));
    const one = [this.#expressions.variable(subject.text, subject.start), ...literals].join(', ');
    return [
      `switch (m.oneOf(${one})) {`,
      ...indented(
        cases.flatMap(({ value, body }) => [
          value === undefined ? 'default:' : `case ${literalOf(value)}:`,
          ...indented(this.lines(body, false)),
        ]),
      ),
      '}',
    ];
  }

  #return({ code, values }: Return): readonly string[] {
    const expressions = this.#expressions;
    const plain = values.length === 0 && !this.#view.valuesMatter;
    if (code === undefined && plain) return ['return;'];
    if (plain && code?.kind === 'number') return [`return ${code.number};`];
    const given = [code === undefined ? '1' : expressions.operand(code)];
    return [`return m.returns(${[...given, ...values.map((it) => expressions.operand(it))].join(', ')});`];
  }

  #async({ kind, call, route, timeout, text }: Async): readonly string[] {
    const expressions = this.#expressions;
    const args = [`(m) => ${expressions.plainCall(call)}`];
    if (route || text) args.push(route ? quoted(route.text) : 'undefined');
    if (text) args.push(expressions.format(text.text, text.start));
    if (kind === 'async' && timeout > 0) args.push(String(timeout));
    const all = args.join(', ');
    return [kind === 'async' ? `return await m.async(${all});` : `m.launch(${all});`];
  }
}

function literalOf(value: string | number): string {
  return typeof value === 'number' ? String(value) : quoted(value);
}

export function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : INDENT + line));
}

/** The comments that stand on lines of their own right before a place. */
export function comments({ source }: Pick<ScriptView, 'source'>, start: number): string[] {
  const before = source.text.slice(0, source.text.lastIndexOf('\n', start - 1) + 1).split('\n');
  before.pop();
  const found: string[] = [];
  for (let line = before.pop(); line !== undefined; line = before.pop()) {
    const comment = /^\s*#+ ?(.*?)\s*$/.exec(line);
    if (comment === null) break;
    found.unshift(`// ${fromByteString(comment[1]!)}`.trimEnd());
  }
  return found;
}
