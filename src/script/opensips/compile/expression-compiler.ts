import { Cidr } from '../../../base/ip.ts';
import type { RouteKind } from '../frame/route-kind.ts';
import type {
  Assignment,
  Call,
  Compare,
  Expression,
  NetText,
  Operand,
  RouteCall,
  VariableText,
} from '../language/ast.ts';
import type { CallCompiler } from './call-compiler.ts';
import { PATTERN_HINT } from './call-compiler.ts';
import type { CodeWriter } from './code-writer.ts';
import { literal } from './code-writer.ts';
import { noRoute } from './hints.ts';
import { pattern } from './pattern.ts';
import type { BoundVariable, VariableCompiler } from './variable-compiler.ts';

/** The routes of a script, by what is known of them before they are compiled. */
export interface RouteTable {
  /** The JavaScript function of a `route[name]`; undefined where there is none. */
  functionOf(name: string): string | undefined;
  names(): readonly string[];
  /** Whether a route waits for something. */
  waits(name: string): boolean;
  /** Whether any route waits. */
  readonly anyWaits: boolean;
}

/** What stands in place of an expression that is wrong, so that the rest is still looked at. */
const WRONG = '0';

/** Writes the code of conditions and values. */
export class ExpressionCompiler {
  readonly writer: CodeWriter;
  readonly variables: VariableCompiler;
  readonly #calls: CallCompiler;
  readonly #routes: RouteTable;
  readonly #kind: RouteKind;
  /** Whether the route that is written may wait. */
  readonly #waits: boolean;

  constructor(
    writer: CodeWriter,
    variables: VariableCompiler,
    calls: CallCompiler,
    routes: RouteTable,
    kind: RouteKind,
    waits: boolean,
  ) {
    this.writer = writer;
    this.variables = variables;
    this.#calls = calls;
    this.#routes = routes;
    this.#kind = kind;
    this.#waits = waits;
  }

  /** Whether the condition may end the script. */
  mayStop(expression: Expression): boolean {
    switch (expression.kind) {
      case 'call':
      case 'route':
        return true;
      case 'logic':
        return this.mayStop(expression.left) || this.mayStop(expression.right);
      case 'not':
        return this.mayStop(expression.operand);
      default:
        return false;
    }
  }

  /** Code for 1, 0, -1 (an error) or STOP. */
  condition(expression: Expression): string {
    switch (expression.kind) {
      case 'number':
        return expression.number === 0 ? '0' : '1';
      case 'string':
        return expression.text === '' ? '0' : '1';
      case 'variable': {
        const bound = this.variables.variable(expression.text, expression.start);
        return bound ? `R.bool(${bound.read})` : WRONG;
      }
      case 'call':
      case 'route':
        return `R.truth(m.rc = ${this.code(expression)})`;
      case 'compare':
        return this.#comparison(expression);
      case 'logic': {
        const t = this.writer.temporary();
        const goesOn = expression.operator === '&&' ? '1' : '0';
        const left = this.condition(expression.left);
        return `((${t} = ${left}) !== ${goesOn} ? ${t} : ${this.condition(expression.right)})`;
      }
      case 'not':
        return `R.not(${this.condition(expression.operand)})`;
      case 'test':
        return `R.bool(${this.value(expression.operand)})`;
      case 'assign':
        return `((m.rc = ${this.assignment(expression)}) > 0 ? 1 : 0)`;
      case 'if':
      case 'block':
        this.writer.faults.error(
          expression.start,
          'statements cannot be a condition',
          'put them into a route of their own, and call that',
        );
        return WRONG;
      default:
        return `R.bool(${this.value(expression)})`;
    }
  }

  /** Code for what a function or a route returns, as a number. */
  code(call: Call | RouteCall): string {
    return call.kind === 'route' ? this.#routeCall(call) : this.#functionCall(call);
  }

  #functionCall(call: Call): string {
    const bound = this.#calls.bind(call, this.#kind);
    if (bound === undefined) return '-1';
    let run = bound.call;
    if (bound.spec.waits === true && this.#waits) run = this.awaited(run);
    const code = `R.code(${run})`;
    return bound.guards.length === 0 ? code : `(${bound.guards.join(' || ')} ? -1 : ${code})`;
  }

  /** Code that waits only where a promise came. */
  awaited(code: string): string {
    const t = this.writer.temporary();
    return `((${t} = ${code}) instanceof Promise ? await ${t} : ${t})`;
  }

  #routeCall({ name, args, start }: RouteCall): string {
    const params = args.length === 0 ? 'R.NOTHING' : `[${args.map((it) => this.operand(it)).join(', ')}]`;
    if (name.kind === 'string' && !this.variables.isFormat(name.text))
      return this.#fixedRoute(name.text, params, start);
    if (name.kind === 'number') return this.#fixedRoute(name.text, params, start);
    const text =
      name.kind === 'variable' ? this.variables.variable(name.text, start)?.read : this.#format(name);
    if (text === undefined) return '-1';
    const t = this.writer.temporary();
    const run = `(${t} = R.printed(${text}), R.enter(m, ${t}, ${params}) ? R.leave(m, ${this.#runNamed(t, start)}) : -1)`;
    return run;
  }

  #runNamed(name: string, start: number): string {
    const call = `R.routeNamed(m, routes, ${name}, ${start})`;
    return this.#routes.anyWaits && this.#waits ? this.awaited(call) : call;
  }

  #fixedRoute(name: string, params: string, start: number): string {
    const fn = this.#routes.functionOf(name);
    if (fn === undefined) {
      noRoute(this.writer.faults, start, name, this.#routes.names());
      return '-1';
    }
    const run = this.#routes.waits(name) ? `await ${fn}(m)` : `${fn}(m)`;
    return `(R.enter(m, ${literal(name)}, ${params}) ? R.leave(m, ${run}) : -1)`;
  }

  #format(operand: Operand): string | undefined {
    return operand.kind === 'string' ? this.variables.format(operand.text, operand.start) : undefined;
  }

  /** Code for a string as it is written, a number, a variable or NULL. */
  operand(operand: Operand): string {
    switch (operand.kind) {
      case 'string':
        return literal(operand.text);
      case 'number':
        return String(operand.number);
      case 'null':
        return 'null';
      default:
        return this.variables.variable(operand.text, operand.start)?.read ?? 'null';
    }
  }

  #comparison({ operator, left, right, start }: Compare): string {
    const bound = this.variables.variable(left.text, left.start);
    if (bound === undefined) return WRONG;
    const { read } = bound;
    if (operator === '=~' || operator === '!~') return this.#match(operator, read, right, start);
    const negated = operator === '!=';
    switch (right.kind) {
      case 'null':
        return `(${read} === null ? ${negated ? '0 : 1' : '1 : 0'})`;
      case 'string': {
        if (operator !== '==' && !negated)
          return `R.compareText("${operator}", ${read}, ${literal(right.text)})`;
        const equal = `R.equalsText(${read}, ${literal(right.text)})`;
        return negated ? `R.not(${equal})` : equal;
      }
      case 'number':
        if (operator === '==') return `R.equalsNumber(m, ${read}, ${right.number}, ${start})`;
        return `R.compareNumber(m, "${operator}", ${read}, ${right.number}, ${start})`;
      case 'net':
        return this.#network(read, right, negated);
      default: {
        const other = this.variables.variable(right.text, right.start);
        return other ? `R.compare("${operator}", ${read}, ${other.read})` : WRONG;
      }
    }
  }

  #match(operator: string, read: string, right: Operand | NetText, start: number): string {
    if (right.kind === 'variable') {
      const other = this.variables.variable(right.text, right.start);
      return other ? `R.matchesValue(m, "${operator}", ${read}, ${other.read}, ${start})` : WRONG;
    }
    if (right.kind !== 'string') {
      this.writer.faults.error(right.start, `"${operator}" compares with a regular expression in quotes`);
      return WRONG;
    }
    const compiled = pattern(right.text);
    if (compiled === undefined) {
      this.writer.faults.error(right.start, `${literal(right.text)} is no regular expression`, PATTERN_HINT);
      return WRONG;
    }
    const matches = `R.matches(${read}, ${this.writer.constant(compiled)})`;
    return operator === '=~' ? matches : `R.not(${matches})`;
  }

  #network(read: string, right: NetText, negated: boolean): string {
    const network = networkOf(right.text);
    if (network === undefined) {
      this.writer.faults.error(right.start, `${right.text} is no address`);
      return WRONG;
    }
    const inside = `R.inNetwork(${read}, ${this.writer.constant(network)})`;
    return negated ? `R.not(${inside})` : inside;
  }

  /** Code for a value; undefined at run time where there is none. */
  value(expression: Expression): string {
    switch (expression.kind) {
      case 'string':
      case 'number':
      case 'null':
      case 'variable':
        return this.operand(expression);
      case 'arithmetic': {
        const { operator, left, right, start } = expression;
        const a = this.value(left);
        const b = this.value(right);
        if (operator === '+') return `R.add(m, ${a}, ${b}, ${right.kind !== 'variable'}, ${start})`;
        return `R.calculate(m, "${operator}", ${a}, ${b}, ${start})`;
      }
      case 'complement':
        return `R.complement(m, ${this.value(expression.operand)}, ${expression.start})`;
      case 'call':
      case 'route':
        return `(m.rc = ${this.code(expression)})`;
      default:
        return this.condition(expression);
    }
  }

  /** Code for an assignment; its value is what it returns: 1, or -1 where it was not done. */
  assignment({ target, operator, value, start }: Assignment): string {
    const bound = this.variables.variable(target.text, target.start);
    const code = this.value(value);
    if (bound === undefined) return '-1';
    if (bound.write === undefined) {
      this.#unwritable(bound, target);
      return '-1';
    }
    if (operator !== '=' && operator !== ':=') {
      const t = this.writer.temporary();
      const combined = `R.combined(m, "${operator.slice(0, -1)}", ${bound.read}, ${code}, ${start})`;
      return `((${t} = ${combined}) === undefined ? R.noValue(m, ${start}) : ${outcome(bound.write(t, '='))})`;
    }
    if (isCertain(value)) return outcome(bound.write(code, operator));
    const t = this.writer.temporary();
    return `((${t} = ${code}) === undefined ? R.noValue(m, ${start}) : ${outcome(bound.write(t, operator))})`;
  }

  #unwritable(bound: BoundVariable, target: VariableText): void {
    const hint = target.text.includes('{')
      ? 'transformations stand on the right side alone'
      : `$${bound.name} is only read`;
    this.writer.faults.error(target.start, `${target.text} cannot be assigned`, hint);
  }
}

/** Whether an expression always has a value. */
function isCertain({ kind }: Expression): boolean {
  return (
    kind === 'string' ||
    kind === 'number' ||
    kind === 'null' ||
    kind === 'variable' ||
    kind === 'call' ||
    kind === 'route'
  );
}

function outcome(write: string): string {
  // `$var` always takes what it is given.
  return write.endsWith(', true)') ? `(${write.slice(1, -', true)'.length)}, 1)` : `(${write} ? 1 : -1)`;
}

/** `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `10.0.0.1` */
export function networkOf(text: string): Cidr | undefined {
  const [address = '', mask] = text.split('/');
  if (mask === undefined) return Cidr.parse(`${address}/${address.includes(':') ? 128 : 32}`);
  if (!mask.includes('.')) return Cidr.parse(text);
  const bits = mask.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const length = 32 - Math.log2(2 ** 32 - bits);
  return Number.isInteger(length) ? Cidr.parse(`${address}/${length}`) : undefined;
}
