import type { RouteKind } from '../frame/route-kind.ts';
import type { Async, ForEach, If, Return, Statement, Switch, While } from '../language/ast.ts';
import type { CallCompiler } from './call-compiler.ts';
import { literal } from './code-writer.ts';
import type { ExpressionCompiler, RouteTable } from './expression-compiler.ts';
import { noRoute } from './hints.ts';
import { STOP } from './operations.ts';

/** What of the script's settings shows in its code. */
export interface CodeSettings {
  readonly maxWhileLoops: number;
  readonly asserts: boolean;
  /** Whether assignments are told, for those who follow a script step by step. */
  readonly traced?: boolean;
}

/** One line of JavaScript, with the place that it came from. */
export interface CodeLine {
  readonly code: string;
  readonly start: number;
}

interface Tested {
  readonly holds: string;
  readonly outcome: string;
}

const END: readonly Statement['kind'][] = ['exit', 'drop', 'return', 'break'];

/** Writes the statements of one route, each on a line of its own, so that lines tell places. */
export class StatementCompiler {
  readonly lines: CodeLine[] = [];
  readonly #expressions: ExpressionCompiler;
  readonly #calls: CallCompiler;
  readonly #routes: RouteTable;
  readonly #settings: CodeSettings;
  readonly #kind: RouteKind;

  constructor(
    expressions: ExpressionCompiler,
    calls: CallCompiler,
    routes: RouteTable,
    settings: CodeSettings,
    kind: RouteKind,
  ) {
    this.#expressions = expressions;
    this.#calls = calls;
    this.#routes = routes;
    this.#settings = settings;
    this.#kind = kind;
  }

  /** @param tail whether the route returns what the last of them does */
  body(statements: readonly Statement[], tail: boolean): void {
    const real = statements.filter(({ kind }) => kind !== 'empty');
    for (const [i, statement] of real.entries()) {
      this.#statement(statement, tail && i === real.length - 1);
      if (END.includes(statement.kind) && i + 1 < real.length) {
        this.#expressions.writer.faults.notice(
          real[i + 1]!.start,
          `this is never reached: the route ends before it with ${statement.kind}`,
        );
        // What is never reached is still checked.
        this.#check(real.slice(i + 1));
        return;
      }
    }
    if (tail && real.length === 0) this.#line('return 1;', 0);
  }

  #check(statements: readonly Statement[]): void {
    const before = this.lines.length;
    for (const statement of statements) this.#statement(statement, false);
    this.lines.length = before;
  }

  #line(code: string, start: number): void {
    this.lines.push({ code, start });
  }

  #statement(statement: Statement, tail: boolean): void {
    const { start } = statement;
    switch (statement.kind) {
      case 'call':
      case 'route': {
        const code = `m.rc = ${this.#expressions.code(statement)}`;
        this.#line(tail ? `return ${code};` : `if ((${code}) === 0) return 0;`, start);
        return;
      }
      case 'assign': {
        const code = `m.rc = ${this.#expressions.assignment(statement)};${this.#told(statement)}`;
        this.#line(tail ? `${code} return m.rc;` : code, start);
        return;
      }
      case 'if':
        this.#if(statement, tail);
        return;
      case 'while':
        this.#while(statement);
        break;
      case 'for':
        this.#forEach(statement);
        break;
      case 'switch':
        this.#switch(statement);
        break;
      case 'block':
        this.body(statement.body, tail);
        return;
      case 'exit':
        this.#line('return 0;', start);
        return;
      case 'drop':
        this.#line('m.dropped = true; return 0;', start);
        return;
      case 'break':
        this.#line('break;', start);
        return;
      case 'return':
        this.#return(statement);
        return;
      case 'assert':
        if (this.#settings.asserts) {
          const text = literal(statement.text ?? '');
          const test = this.#expressions.condition(statement.test);
          this.#line(`if (${test} !== 1) return R.assertFailed(m, ${text}, ${start});`, start);
        } else this.#expressions.condition(statement.test);
        break;
      case 'async':
        this.#async(statement);
        return;
      case 'launch':
        this.#launch(statement);
        break;
      default:
        break;
    }
    if (tail) this.#line('return 1;', start);
  }

  /** Code that tells what an assignment came to. */
  #told({ target }: Extract<Statement, { kind: 'assign' }>): string {
    if (this.#settings.traced !== true) return '';
    const bound = this.#expressions.variables.variable(target.text, target.start);
    return bound ? ` R.tell(${literal(target.text)}, ${bound.read});` : '';
  }

  /** Looks first at what may end the script. @returns whether the test holds, as code, and what holds its outcome */
  #test(test: If['test'], start: number): Tested {
    const code = this.#expressions.condition(test);
    const t = this.#expressions.writer.temporary();
    if (!this.#expressions.mayStop(test)) return { holds: `(${t} = ${code}) === 1`, outcome: t };
    this.#line(`if ((${t} = ${code}) === ${STOP}) return 0;`, start);
    return { holds: `${t} === 1`, outcome: t };
  }

  #if({ test, then, otherwise, start }: If, tail: boolean): void {
    const { holds, outcome } = this.#test(test, start);
    this.#line(`if (${holds}) {`, start);
    if (then.length > 0) this.body(then, tail);
    else this.#line(`m.rc = ${outcome};${tail ? ' return 1;' : ''}`, start);
    this.#line('} else {', start);
    if (otherwise !== undefined && otherwise.length > 0) this.body(otherwise, tail);
    else this.#line(`m.rc = ${outcome};${tail ? ' return 1;' : ''}`, start);
    this.#line('}', start);
  }

  #while({ test, body, start }: While): void {
    const n = this.#expressions.writer.temporary();
    const { maxWhileLoops } = this.#settings;
    this.#line(`for (${n} = 0; ; ${n}++) {`, start);
    this.#line(
      `if (${n} >= ${maxWhileLoops}) { R.tooManyLoops(m, ${maxWhileLoops}, ${start}); break; }`,
      start,
    );
    const { holds, outcome } = this.#test(test, start);
    this.#line(`if (!(${holds})) { m.rc = ${outcome}; break; }`, start);
    this.body(body, false);
    this.#line('}', start);
  }

  #forEach({ item, list, body, start }: ForEach): void {
    const { variables, writer } = this.#expressions;
    const target = variables.variable(item.text, item.start);
    const source = variables.variable(list.text, list.start);
    const n = writer.temporary();
    const v = writer.temporary();
    if (target && target.write === undefined) {
      writer.faults.error(item.start, `${item.text} cannot be assigned`, 'write $var(i)');
    }
    if (source && (!source.all || source.readAt === undefined)) {
      writer.faults.error(list.start, `${list.text} is no list`, 'write $(avp(name)[*])');
    }
    this.#line(`for (${n} = 0; ; ${n}++) {`, start);
    this.#line(`if ((${v} = ${source?.readAt?.(n) ?? 'null'}) === null) break;`, start);
    this.#line(`if (R.endless(m, ${n}, ${start})) break;`, start);
    if (target?.write) this.#line(`${target.write(v, '=')};`, start);
    this.body(body, false);
    this.#line('}', start);
  }

  #switch({ subject, cases, start }: Switch): void {
    const bound = this.#expressions.variables.variable(subject.text, subject.start);
    const values = cases.flatMap(({ value }) => (value === undefined ? [] : [value]));
    for (const [i, { value, start: at }] of cases.entries()) {
      if (value !== undefined && cases.findIndex((it) => it.value === value) < i) {
        this.#expressions.writer.faults.notice(at, 'this case stands twice: the first one is taken');
      }
    }
    const k = this.#expressions.writer.constant(values);
    this.#line(`switch (R.caseOf(${bound?.read ?? 'null'}, ${k})) {`, start);
    for (const [i, { value, body, start: at }] of cases.entries()) {
      this.#line(value === undefined ? 'default:' : `case ${i}:`, at);
      this.body(body, false);
    }
    this.#line('}', start);
  }

  #return({ code, values, start }: Return): void {
    if (values.length > 0) {
      const list = values.map((it) => this.#expressions.operand(it)).join(', ');
      this.#line(`m.returned = [${list}];`, start);
    } else this.#line('m.returned = R.NOTHING;', start);
    if (code === undefined) this.#line('return 1;', start);
    else if (code.kind === 'number') this.#line(`return ${code.number};`, start);
    else this.#line(`return R.returned(${this.#expressions.operand(code)});`, start);
  }

  /** The script ends here, and goes on in another route when the function has come to its end. */
  #async(statement: Async): void {
    const { call, route, timeout, start } = statement;
    const { writer } = this.#expressions;
    if (this.#kind !== 'request' && this.#kind !== 'onreply') {
      writer.faults.error(
        start,
        'async cannot be used in this kind of route',
        'it can in route and onreply_route; launch in any',
      );
    }
    const bound = this.#calls.bind(call, this.#kind, 'R.forget(m)');
    const fn = this.#routeFunction(route?.text ?? '', start);
    if (bound === undefined || fn === undefined) {
      this.#line('return 0;', start);
      return;
    }
    if (bound.spec.waits !== true && bound.spec.asynchronous !== true) this.#notAsync(call.name, call.start);
    const guards = bound.guards.length === 0 ? '' : `${bound.guards.join(' || ')} ? -1 : `;
    const run = `${guards}await R.within(m, ${bound.call}, ${timeout})`;
    this.#line(`m.rc = R.code(${run});`, start);
    const name = literal(route?.text ?? '');
    const resume = this.#routes.waits(route?.text ?? '') ? `await ${fn}(m)` : `${fn}(m)`;
    this.#line(`R.resume(m, ${name}); ${resume}; return 0;`, start);
  }

  #launch(statement: Async): void {
    const { call, route, text, start } = statement;
    const { writer, variables } = this.#expressions;
    const bound = this.#calls.bind(call, this.#kind);
    const fn = route === undefined ? 'undefined' : this.#routeFunction(route.text, start);
    const given = text === undefined ? 'null' : variables.format(text.text, text.start);
    if (bound === undefined || fn === undefined || given === undefined) return;
    if (bound.spec.waits !== true && bound.spec.asynchronous !== true) this.#notAsync(call.name, call.start);
    if (bound.guards.length > 0) this.#line(`if (!(${bound.guards.join(' || ')}))`, start);
    const name = literal(route?.text ?? '');
    const params = text === undefined ? 'R.NOTHING' : `[${given}]`;
    this.#line(
      `R.launch(m, (m) => ${bound.call}, ${fn}, ${name}, ${params}, ${writer.variableCount});`,
      start,
    );
    this.#line('m.rc = 1;', start);
  }

  #notAsync(name: string, start: number): void {
    this.#expressions.writer.faults.notice(
      start,
      `${name} never waits: it is done at once`,
      'it can be called without async and launch',
    );
  }

  #routeFunction(name: string, start: number): string | undefined {
    const fn = this.#routes.functionOf(name);
    if (fn === undefined) {
      noRoute(this.#expressions.writer.faults, start, name, this.#routes.names());
    }
    return fn;
  }
}
