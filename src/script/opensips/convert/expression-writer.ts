import type { Scope } from '../compile/scope.ts';
import type { Argument, ArgumentKind } from '../frame/argument.ts';
import type { Assignment, Call, Compare, Expression, Operand, RouteCall } from '../language/ast.ts';
import type { SourceText } from '../language/source-text.ts';
import { readFormat, readVariable } from '../language/variable-text.ts';
import { member, quoted, templated } from './literals.ts';

/** What of a script its conversion has to know everywhere. */
export interface ScriptView {
  readonly scope: Scope;
  readonly source: SourceText;
  /** Whether a route waits; any of them for undefined. */
  readonly waits: (route: string | undefined) => boolean;
  /** Whether anything reads `$rc`. */
  readonly readsCodes: boolean;
  /** Whether anything looks at what routes return. */
  readonly usesResults: boolean;
  /** Whether anything looks at `$return`. */
  readonly valuesMatter: boolean;
}

/** Writes conditions, values and calls as TypeScript. */
export class ExpressionWriter {
  readonly view: ScriptView;

  constructor(view: ScriptView) {
    this.view = view;
  }

  /** What stands between the parentheses of an `if`. */
  condition(expression: Expression): string {
    if (!mayGoWrong(expression) || !isTwisted(expression)) return this.#test(expression);
    const test = this.boolean(expression);
    return test.includes('await ') ? `await m.holds(async () => ${test})` : `m.holds(() => ${test})`;
  }

  /** A condition that is a boolean and not only as good as one. */
  boolean(expression: Expression): string {
    const test = this.#test(expression);
    return isBoolean(expression) ? test : `Boolean(${test})`;
  }

  #test(expression: Expression): string {
    switch (expression.kind) {
      case 'number':
        return String(expression.number !== 0);
      case 'string':
        return String(expression.text !== '');
      case 'compare':
        return this.#comparison(expression);
      case 'logic': {
        const { operator, left, right } = expression;
        return `${this.#operand(left, operator)} ${operator} ${this.#operand(right, operator)}`;
      }
      case 'not': {
        const { operand } = expression;
        const test = this.#test(operand);
        const simple = operand.kind === 'variable' || /^m\.\w+\([^()]*\)$/.test(test);
        return simple && !test.startsWith('await ') ? `!${test}` : `!(${test})`;
      }
      case 'test':
        return this.value(expression.operand);
      case 'assign':
        return this.assignment(expression);
      case 'call':
        return this.call(expression);
      case 'route':
        return this.route(expression);
      default:
        return this.value(expression);
    }
  }

  /** One side of `&&` and `||`; both bind alike in a script, and not here. */
  #operand(expression: Expression, operator: string): string {
    const test = this.#test(expression);
    return expression.kind === 'logic' && expression.operator !== operator ? `(${test})` : test;
  }

  #comparison({ operator, left, right }: Compare): string {
    const read = this.variable(left.text, left.start);
    switch (right.kind) {
      case 'null':
        return `${read} ${operator === '!=' ? '!==' : '==='} null`;
      case 'net':
        return `m.inNetwork(${read}, ${quoted(right.text)}${operator === '!=' ? ', false' : ''})`;
      case 'variable':
        return `m.compare(${read}, '${operator}', ${this.variable(right.text, right.start)})`;
      default:
        return `m.is(${read}, '${operator}', ${this.operand(right)})`;
    }
  }

  call({ name, args }: Call): string {
    const { spec } = this.view.scope.function(name)!;
    const call = this.plainCall({ name, args });
    return spec.waits === true ? `await ${call}` : call;
  }

  plainCall({ name, args }: Pick<Call, 'name' | 'args'>): string {
    const { spec } = this.view.scope.function(name)!;
    // The first argument may have been left out.
    const from = spec.first !== undefined && args.length === spec.args.length - 1 ? 1 : 0;
    const given = args.map((operand, i) =>
      operand === undefined ? 'undefined' : this.#argument(spec.args[i + from]!, operand),
    );
    return `m${member(name)}(${given.join(', ')})`;
  }

  #argument({ kind }: Argument<unknown>, operand: Operand): string {
    if (operand.kind === 'null') return 'undefined';
    if (kind.is === 'variable' || kind.is === 'variables' || isRaw(kind)) return quoted(operand.text);
    if (operand.kind === 'variable') return this.variable(operand.text, operand.start);
    const { text } = operand;
    if (kind.is === 'int') {
      if (operand.kind === 'number') return String(operand.number);
      return /^-?\d+$/.test(text) ? String(Number(text)) : `m.number(${this.format(text, operand.start)})`;
    }
    if (kind.is === 'static' || kind.is === 'regex') return quoted(text);
    if (kind.is === 'words' && kind.numeric && /^0x/i.test(text)) return quoted(String(Number(text)));
    return this.format(text, operand.start);
  }

  route({ name, args }: RouteCall): string {
    const fixed = name.kind === 'number' || (name.kind === 'string' && !this.#isFormat(name.text));
    const waits = this.view.waits(fixed ? name.text : undefined);
    const called = fixed
      ? quoted(name.text)
      : name.kind === 'string'
        ? this.format(name.text, name.start)
        : `text\`\${${this.operand(name)}}\``;
    const given = [called, ...args.map((it) => this.operand(it))].join(', ');
    return waits ? `await m.awaitRoute(${given})` : `m.route(${given})`;
  }

  /** A string as it stands, a number, a variable or NULL. */
  operand(operand: Operand): string {
    switch (operand.kind) {
      case 'string':
        return quoted(operand.text);
      case 'number':
        return String(operand.number);
      case 'null':
        return 'null';
      default:
        return this.variable(operand.text, operand.start);
    }
  }

  value(expression: Expression): string {
    switch (expression.kind) {
      case 'string':
      case 'number':
      case 'null':
      case 'variable':
        return this.operand(expression);
      case 'arithmetic': {
        const { operator, left, right } = expression;
        const a = this.value(left);
        const b = this.value(right);
        // A number that stands in the script joins no text, one that a variable holds does.
        const joins = operator === '+' && (right.kind === 'variable' || right.kind === 'string');
        return joins ? `m.add(${a}, ${b})` : `m.calculate(${a}, '${operator}', ${b})`;
      }
      case 'complement':
        return `m.complement(${this.value(expression.operand)})`;
      case 'call':
      case 'route':
        return `(${this.#test(expression)}, m.code)`;
      default:
        return `(${this.#test(expression)} ? 1 : 0)`;
    }
  }

  assignment({ target, operator, value }: Assignment): string {
    const how = operator === '=' ? '' : `, '${operator}'`;
    return `m.set(${quoted(target.text)}, ${this.value(value)}${how})`;
  }

  /** An assignment whose outcome nobody looks at within the statement. */
  plainAssignment(assignment: Assignment): string {
    const { target, operator, value } = assignment;
    const name = /^\$(\w+)$/.exec(target.text)?.[1];
    const spec = name === undefined ? undefined : this.view.scope.variable(name)?.spec;
    if (operator !== '=' || spec?.write === undefined || (spec.inner ?? 'none') !== 'none') {
      return this.assignment(assignment);
    }
    return `m.$${name} = ${this.value(value)}`;
  }

  /** A text in which variables are filled in. */
  format(text: string, start: number): string {
    const pieces = readFormat(text, (name) => this.view.scope.variable(name) !== undefined);
    if (pieces.every(({ kind }) => kind === 'text')) return quoted(pieces.map((it) => it.text).join(''));
    const inner = pieces.map((it) =>
      it.kind === 'text' ? templated(it.text) : `\${${this.variable(it.text, start)}}`,
    );
    return `text\`${inner.join('')}\``;
  }

  #isFormat(text: string): boolean {
    return readFormat(text, (name) => this.view.scope.variable(name) !== undefined).some(
      ({ kind }) => kind === 'variable',
    );
  }

  variable(text: string, start: number): string {
    const result = readVariable(text);
    if (!result.ok) return `m.get(${quoted(text)})`;
    const { context, name, inner, index, transformations } = result.parts;
    if (name === 'cfg_line') return quoted(String(this.view.source.place(start).line));
    const { spec } = this.view.scope.variable(name)!;
    const simple =
      context === undefined &&
      transformations.length === 0 &&
      !inner?.includes('$') &&
      (index === undefined || ((spec.inner ?? 'none') !== 'none' && /^(?:-?\d+|\*)$/.test(index)));
    if (!simple) return `m.get(${quoted(text)})`;
    const variable = `m${member(`$${name}`)}`;
    if ((spec.inner ?? 'none') === 'none') return variable;
    const args = [
      ...(inner !== undefined || index !== undefined ? [quoted(inner?.trim() ?? '')] : []),
      ...(index === undefined ? [] : [index === '*' ? "'*'" : String(Number(index))]),
    ];
    return `${variable}(${args.join(', ')})`;
  }
}

/** Text that its function reads itself, variables and all. */
function isRaw(kind: ArgumentKind): boolean {
  return kind.is === 'parsed' && kind.raw === true;
}

/** Whether what is written for an expression is a boolean and not only as good as one. */
function isBoolean(expression: Expression): boolean {
  if (expression.kind === 'logic') return isBoolean(expression.left) && isBoolean(expression.right);
  return ['call', 'route', 'compare', 'not', 'assign', 'number', 'string'].includes(expression.kind);
}

/** Whether a comparison within may be neither true nor false, as text compared with a number is. */
function mayGoWrong(expression: Expression): boolean {
  switch (expression.kind) {
    case 'compare': {
      const { operator, right } = expression;
      const pattern = operator === '=~' || operator === '!~';
      return right.kind === 'number' || right.kind === 'net' || (pattern && right.kind === 'variable');
    }
    case 'logic':
      return mayGoWrong(expression.left) || mayGoWrong(expression.right);
    case 'not':
      return mayGoWrong(expression.operand);
    default:
      return false;
  }
}

/** Whether a false part may make the whole true. */
function isTwisted(expression: Expression): boolean {
  if (expression.kind === 'not') return true;
  if (expression.kind !== 'logic') return false;
  return expression.operator === '||' || isTwisted(expression.left) || isTwisted(expression.right);
}
