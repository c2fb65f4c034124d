import type { Argument } from '../frame/argument.ts';
import type { FunctionSpec } from '../frame/function.ts';
import type { RouteKind } from '../frame/route-kind.ts';
import type { Call, Operand } from '../language/ast.ts';
import { aRoute, routeTitle, routeWord } from '../language/route-words.ts';
import type { CodeWriter } from './code-writer.ts';
import { literal } from './code-writer.ts';
import { choiceHint } from './hints.ts';
import { pattern } from './pattern.ts';
import { type ArgumentCode, reference, references } from './reference-code.ts';
import type { Scope } from './scope.ts';
import type { VariableCompiler } from './variable-compiler.ts';

/** A call, looked up and checked. */
export interface BoundCall {
  readonly spec: FunctionSpec<never>;
  /** Code that may be undefined, each in its temporary; the call is not made where one is. */
  readonly guards: readonly string[];
  /** Code for what the function returns. */
  readonly call: string;
}

/** What a call has to know of the script round it. */
export interface RouteNames {
  has(kind: 'request' | 'failure' | 'branch' | 'onreply', name: string): boolean;
  names(kind: 'request' | 'failure' | 'branch' | 'onreply'): readonly string[];
  /** Notes a socket that a script names, to be looked up when the sockets are there. */
  noteSocket(text: string, start: number): void;
}

/** Checks calls against the tables of the modules, and writes their code. */
export class CallCompiler {
  readonly #writer: CodeWriter;
  readonly #scope: Scope;
  readonly #variables: VariableCompiler;
  readonly #routes: RouteNames;

  constructor(writer: CodeWriter, scope: Scope, variables: VariableCompiler, routes: RouteNames) {
    this.#writer = writer;
    this.#scope = scope;
    this.#variables = variables;
    this.#routes = routes;
  }

  /**
   * @param lastly code that runs when the arguments are known, before the function does
   * @returns undefined where something is wrong with it; the faults have been told
   */
  bind(written: Call, kind: RouteKind, lastly?: string): BoundCall | undefined {
    const declared = this.#scope.function(written.name);
    if (declared === undefined) {
      this.#unknown(written);
      return undefined;
    }
    const { spec, module } = declared;
    const call = withFirst(written, spec);
    const { faults } = this.#writer;
    if (!spec.routes.includes(kind)) {
      const where = spec.routes.map((it) => routeWord(it)).join(', ');
      faults.error(call.start, `${call.name} cannot be called in ${aRoute(kind)}`, `it can in ${where}`);
    }
    if (spec.older !== undefined) faults.notice(call.start, `${call.name} is an older spelling`, spec.older);
    if (!this.#checkCount(call, spec)) return undefined;
    const guards: string[] = [];
    const args: string[] = [];
    let wrong = false;
    for (const [i, argument] of spec.args.entries()) {
      const operand = call.args[i];
      if (operand === undefined) {
        args.push('undefined');
        continue;
      }
      const compiled = this.#argument(argument, operand, call.name);
      if (compiled === undefined) {
        wrong = true;
      } else if (compiled.fails) {
        const temporary = this.#writer.temporary();
        guards.push(`(${temporary} = ${compiled.code}) === undefined`);
        args.push(temporary);
      } else args.push(compiled.code);
    }
    if (wrong) return undefined;
    while (args.at(-1) === 'undefined') args.pop();
    const k = this.#writer.constant(spec);
    const all = ['m', `s${this.#scope.modules.indexOf(module)}`, ...args];
    if (lastly !== undefined) {
      const temporary = this.#writer.temporary();
      all.push(`(${temporary} = ${all.pop()!}, ${lastly}, ${temporary})`);
    }
    return { spec, guards, call: `${k}.run(${all.join(', ')})` };
  }

  #unknown({ name, start }: Call): void {
    const missing = this.#scope.missing(name);
    if (missing) {
      this.#writer.faults.error(start, `${name} of ${missing.module} is not there`, missing.why);
      return;
    }
    if (this.#scope.incomplete) return;
    this.#writer.faults.error(start, `there is no function ${name}`, this.#scope.functionHint(name));
  }

  #checkCount({ name, args, start }: Call, { args: wanted }: FunctionSpec<never>): boolean {
    const { faults } = this.#writer;
    const hint = `write ${signature(name, wanted)}`;
    if (args.length > wanted.length) {
      faults.error(start, `${name} has too many arguments`, hint);
      return false;
    }
    const left = wanted.find((argument, i) => !argument.optional && args[i] === undefined);
    if (left === undefined) return true;
    faults.error(start, `${name}: the argument "${left.name}" is missing`, hint);
    return false;
  }

  #argument(argument: Argument<unknown>, operand: Operand, name: string): ArgumentCode | undefined {
    const { kind } = argument;
    if (operand.kind === 'null') return { code: 'undefined', fails: false };
    if (kind.is === 'variable') return reference(argument, operand, name, this.#writer, this.#variables);
    if (kind.is === 'variables') return references(argument, operand, name, this.#writer, this.#variables);
    if (kind.is === 'int') return this.#int(argument, operand, name);
    if (kind.is === 'parsed' && kind.raw === true) {
      return this.#constant(argument, operand.text, operand.start, name);
    }
    if (operand.kind === 'variable') return this.#fromVariable(argument, operand);
    const text = operand.text;
    if (operand.kind === 'number' && kind.is !== 'static') {
      this.#writer.faults.notice(operand.start, 'an older spelling', `put the argument in quotes: "${text}"`);
    }
    if (kind.is === 'static') return constantCode(text);
    if (kind.is === 'regex') return this.#pattern(text, operand.start);
    if (!this.#variables.isFormat(text)) {
      return this.#constant(argument, this.#variables.plain(text), operand.start, name);
    }
    const format = this.#variables.format(text, operand.start);
    return format === undefined ? undefined : this.#dynamic(argument, format, operand.start);
  }

  #pattern(text: string, start: number): ArgumentCode | undefined {
    const compiled = pattern(text);
    if (compiled !== undefined) return { code: this.#writer.constant(compiled), fails: false };
    this.#writer.faults.error(start, `${JSON.stringify(text)} is no regular expression`, PATTERN_HINT);
    return undefined;
  }

  #fromVariable(
    argument: Argument<unknown>,
    operand: Operand & { kind: 'variable' },
  ): ArgumentCode | undefined {
    const { start } = operand;
    const bound = this.#variables.variable(operand.text, start);
    if (bound === undefined) return undefined;
    const { kind } = argument;
    if (kind.is === 'static') {
      this.#writer.faults.error(start, `"${argument.name}" takes no variable`, 'write a text in quotes');
      return undefined;
    }
    if (kind.is === 'regex') return { code: `R.argumentPattern(m, ${bound.read}, ${start})`, fails: true };
    const text = `R.argumentText(m, ${bound.read}, ${start})`;
    if (kind.is === 'text' || kind.is === 'route' || kind.is === 'letters')
      return { code: text, fails: true };
    const temporary = this.#writer.temporary();
    const { code } = this.#dynamic(argument, temporary, start);
    return { code: `(${temporary} = ${text}) === undefined ? undefined : ${code}`, fails: true };
  }

  /** @param text code for a text that is made at run time */
  #dynamic(argument: Argument<unknown>, text: string, start: number): ArgumentCode {
    const { kind } = argument;
    const k = this.#writer.constant(kind);
    switch (kind.is) {
      case 'words':
        return { code: `R.argumentWords(m, ${k}, ${text}, ${start})`, fails: true };
      case 'choice':
        return { code: `R.argumentChoice(m, ${k}, ${text}, ${start})`, fails: true };
      case 'socket':
        return { code: `R.argumentSocket(m, ${text}, ${start})`, fails: true };
      case 'parsed':
        return { code: `R.argumentParsed(m, ${k}, ${text}, ${start})`, fails: true };
      default:
        return { code: text, fails: false };
    }
  }

  #constant(
    argument: Argument<unknown>,
    text: string,
    start: number,
    name: string,
  ): ArgumentCode | undefined {
    const { kind } = argument;
    const { faults } = this.#writer;
    switch (kind.is) {
      case 'route':
        if (this.#routes.has(kind.of, text)) return constantCode(text);
        return this.#wrong(
          start,
          `there is no ${routeTitle(kind.of, text)}`,
          text,
          this.#routes.names(kind.of),
        );
      case 'letters': {
        const wrong = kind.rest ? undefined : [...text].find((it) => !Object.hasOwn(kind.known, it));
        if (wrong === undefined) return constantCode(text);
        const known = Object.entries(kind.known).map(([letter, means]) => `${letter} (${means})`);
        faults.error(start, `${name} has no flag "${wrong}"`, `the flags are ${known.join(', ')}`);
        return undefined;
      }
      case 'words':
        return this.#words(argument, text, start, name);
      case 'choice':
        if (kind.known.includes(text)) return constantCode(text);
        return this.#wrong(start, `"${text}" is not one of what ${name} knows`, text, kind.known);
      case 'socket':
        this.#routes.noteSocket(text, start);
        return { code: `R.argumentSocket(m, ${literal(text)}, ${start})`, fails: true };
      case 'parsed': {
        const result = kind.parse(text);
        if (!result.ok) {
          faults.error(start, `${name}: ${result.problem}`, result.hint);
          return undefined;
        }
        if (result.notice !== undefined) faults.notice(start, result.notice);
        return { code: this.#writer.constant(result.value), fails: false };
      }
      default:
        return constantCode(text);
    }
  }

  #words({ kind }: Argument<unknown>, text: string, start: number, name: string): ArgumentCode | undefined {
    if (kind.is !== 'words') return undefined;
    if (kind.numeric && /^(?:\d+|0x[0-9a-f]+)$/i.test(text)) {
      const written = Object.entries(kind.known)
        .filter(([, bit]) => (Number(text) & bit) !== 0)
        .map(([word]) => word);
      this.#writer.faults.notice(start, 'an older spelling', `write "${written.join(',')}"`);
      return { code: String(Number(text)), fails: false };
    }
    let bits = 0;
    for (const word of text.split(',').map((it) => it.trim())) {
      if (word === '') continue;
      const bit = kind.known[word];
      if (bit === undefined) {
        return this.#wrong(start, `${name} has no flag "${word}"`, word, Object.keys(kind.known));
      }
      bits |= bit;
    }
    return { code: String(bits), fails: false };
  }

  #wrong(start: number, message: string, word: string, known: readonly string[]): undefined {
    this.#writer.faults.error(start, message, choiceHint(word, known));
    return undefined;
  }

  #int(argument: Argument<unknown>, operand: Operand, name: string): ArgumentCode | undefined {
    const { kind } = argument;
    if (kind.is !== 'int' || operand.kind === 'null') return undefined;
    const { start } = operand;
    const { faults } = this.#writer;
    if (operand.kind === 'variable') {
      const bound = this.#variables.variable(operand.text, start);
      return bound && { code: `R.argumentNumber(m, ${bound.read}, ${start})`, fails: true };
    }
    if (operand.kind === 'string' && this.#variables.isFormat(operand.text)) {
      faults.notice(start, 'an older spelling', 'numbers and variables stand without quotes');
      const format = this.#variables.format(operand.text, start);
      return format === undefined
        ? undefined
        : { code: `R.argumentInt(m, ${format}, ${start})`, fails: true };
    }
    const number =
      operand.kind === 'number'
        ? operand.number
        : /^-?\d+$/.test(operand.text)
          ? Number(operand.text)
          : Number.NaN;
    if (operand.kind === 'string' && !Number.isNaN(number) && operand.bare !== true) {
      faults.notice(start, 'an older spelling', `numbers stand without quotes: ${operand.text}`);
    }
    if (Number.isNaN(number)) {
      faults.error(
        start,
        `${name}: "${argument.name}" is a number`,
        'write digits without quotes, or a variable that holds a number',
      );
      return undefined;
    }
    if (number < kind.least || number > kind.most) {
      faults.error(start, `${name}: "${argument.name}" is a number from ${kind.least} to ${kind.most}`);
      return undefined;
    }
    return { code: String(number), fails: false };
  }
}

function withFirst(call: Call, { first, args }: FunctionSpec<never>): Call {
  if (first === undefined || call.args.length !== args.length - 1) return call;
  const { start } = call;
  const operand: Operand =
    typeof first === 'number'
      ? { kind: 'number', number: first, text: String(first), start }
      : { kind: 'string', text: first, start };
  return { ...call, args: [operand, ...call.args] };
}

export const PATTERN_HINT = 'it is a POSIX extended one, without look-ahead and back-references';

function constantCode(text: string): ArgumentCode {
  return { code: literal(text), fails: false };
}

/** `lookup(domain, [flags])` */
export function signature(name: string, args: readonly Argument<unknown>[]): string {
  return `${name}(${args.map((it) => (it.optional ? `[${it.name}]` : it.name)).join(', ')})`;
}
