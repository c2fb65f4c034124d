import { nearest } from '../../../base/nearest.ts';
import type { VariableSpec } from '../frame/variable.ts';
import {
  type FormatPiece,
  readFormat,
  readVariable,
  type TransformationText,
  type VariableParts,
} from '../language/variable-text.ts';
import type { CodeWriter } from './code-writer.ts';
import { literal } from './code-writer.ts';
import type { Declared, Scope } from './scope.ts';

/** A variable of the script, looked up; its methods write code. */
export interface BoundVariable {
  /** As written. */
  readonly text: string;
  /** Code for its value, with its transformations. */
  readonly read: string;
  /** Code for its value at the index that a piece of code says; undefined where it is no list. */
  readonly readAt: ((index: string) => string) | undefined;
  /** Code that assigns what a piece of code says, and is a boolean; undefined where it cannot be written. */
  readonly write: ((value: string, how: '=' | ':=') => string) | undefined;
  /** Whether `[*]` was written. */
  readonly all: boolean;
  /** Its name, as `avp`. */
  readonly name: string;
}

/** Writes the code of variables and formats. */
export class VariableCompiler {
  readonly #writer: CodeWriter;
  readonly #scope: Scope;
  readonly #names: (name: string) => boolean;

  constructor(writer: CodeWriter, scope: Scope) {
    this.#writer = writer;
    this.#scope = scope;
    this.#names = (name) => this.#declared(name) !== undefined;
  }

  /** @returns undefined where it is none; the fault has been told */
  variable(text: string, start: number): BoundVariable | undefined {
    const result = readVariable(text);
    if (!result.ok) {
      this.#writer.faults.error(start, result.problem, result.hint);
      return undefined;
    }
    return this.#bind(text, result.parts, start);
  }

  /**
   * Code for a text in which variables are filled in.
   * @returns undefined where something in it is wrong
   */
  format(text: string, start: number): string | undefined {
    const pieces = readFormat(text, this.#names);
    const codes: string[] = [];
    for (const piece of pieces) {
      const code = this.#piece(piece, start);
      if (code === undefined) return undefined;
      codes.push(code);
    }
    if (codes.length === 0) return '""';
    // What begins with text joins as text.
    if (pieces[0]!.kind === 'variable') codes.unshift('""');
    return codes.length === 1 ? codes[0]! : `(${codes.join(' + ')})`;
  }

  /** Whether a text holds variables that would be filled in. */
  isFormat(text: string): boolean {
    return text.includes('$') && readFormat(text, this.#names).some(({ kind }) => kind === 'variable');
  }

  /** A text without variables as a format makes it: `$$` is a dollar. */
  plain(text: string): string {
    return readFormat(text, this.#names)
      .map((piece) => piece.text)
      .join('');
  }

  #piece(piece: FormatPiece, start: number): string | undefined {
    if (piece.kind === 'text') return literal(piece.text);
    const bound = this.variable(piece.text, start);
    return bound && `R.printed(${bound.read})`;
  }

  #declared(name: string): Declared<VariableSpec<never>> | undefined {
    return this.#scope.variable(name);
  }

  #bind(text: string, parts: VariableParts, start: number): BoundVariable | undefined {
    const { name, context, transformations } = parts;
    const declared = this.#declared(name);
    if (declared === undefined) {
      this.#unknown(text, name, start);
      return undefined;
    }
    const { spec } = declared;
    if (spec.older !== undefined)
      this.#writer.faults.notice(start, `$${name} is an older spelling`, spec.older);
    if (!this.#checkInner(text, parts, spec, start)) return undefined;
    const index = this.#index(text, parts, spec, start);
    if (index === undefined) return undefined;
    const m = context === undefined ? 'm' : context === 'request' ? 'm.asRequest()' : 'm.asReply()';
    const transform = this.#transformations(transformations, start);
    if (transform === undefined) return undefined;
    if (name === 'cfg_line') {
      const { line } = this.#writer.faults.source.place(start);
      return { text, name, all: false, read: transform(String(line)), readAt: undefined, write: undefined };
    }
    if (name === 'var') return this.#scriptVariable(text, parts, start, transform);
    const inner = parts.inner === undefined ? '""' : this.#inner(parts.inner, start);
    if (inner === undefined) return undefined;
    const k = this.#writer.constant(spec);
    const state = `s${this.#scope.modules.indexOf(declared.module)}`;
    const plain = transformations.length === 0;
    return {
      text,
      name,
      all: parts.index === '*',
      read: transform(`${k}.read(${m}, ${state}, ${inner}, ${index})`),
      readAt: spec.indexed ? (at) => transform(`${k}.read(${m}, ${state}, ${inner}, ${at})`) : undefined,
      write:
        spec.write && plain
          ? (value, how) => `${k}.write(${m}, ${state}, ${value}, ${inner}, ${index}, "${how}")`
          : undefined,
    };
  }

  /** `$var(name)` is a number in an array. */
  #scriptVariable(
    text: string,
    { inner, transformations }: VariableParts,
    start: number,
    transform: (code: string) => string,
  ): BoundVariable | undefined {
    if (inner === undefined || inner.includes('$')) {
      this.#writer.faults.error(start, `${text} needs a name that stands in the script`, 'write $var(name)');
      return undefined;
    }
    const place = `m.vars[${this.#writer.variable(inner.trim())}]`;
    return {
      text,
      name: 'var',
      all: false,
      read: transform(place),
      readAt: undefined,
      write: transformations.length === 0 ? (value) => `(${place} = ${value}, true)` : undefined,
    };
  }

  #unknown(text: string, name: string, start: number): void {
    const missing = this.#scope.missing(`$${name}`);
    if (missing) {
      this.#writer.faults.error(start, `$${name} of ${missing.module} is not there`, missing.why);
      return;
    }
    if (this.#scope.incomplete) return;
    const shown = text.includes('(') ? `$${name}` : text;
    this.#writer.faults.error(start, `there is no variable ${shown}`, this.#scope.variableHint(name));
  }

  #checkInner(
    text: string,
    { name, inner }: VariableParts,
    spec: VariableSpec<never>,
    start: number,
  ): boolean {
    const kind = spec.inner ?? 'none';
    const { faults } = this.#writer;
    if (kind === 'none' && inner !== undefined) {
      faults.error(start, `$${name} takes nothing in parentheses`, `write $${name}`);
      return false;
    }
    if (kind === 'name' && (inner === undefined || inner.trim() === '')) {
      faults.error(start, `$${name} needs a name in parentheses`, `write $${name}(…)`);
      return false;
    }
    const { fields } = spec;
    if (fields && inner !== undefined && !inner.includes('$') && !Object.hasOwn(fields, inner.trim())) {
      const names = Object.keys(fields);
      const near = nearest(inner, names);
      faults.error(
        start,
        `${text}: $${name} has no "${inner}"`,
        near ? `did you mean ${near}?` : `it has ${names.join(', ')}`,
      );
      return false;
    }
    return true;
  }

  #inner(inner: string, start: number): string | undefined {
    return inner.includes('$') ? this.format(inner.trim(), start) : literal(inner.trim());
  }

  /** @returns code for the index, `undefined` as code where none is written */
  #index(
    text: string,
    { name, index }: VariableParts,
    spec: VariableSpec<never>,
    start: number,
  ): string | undefined {
    if (index === undefined) return 'undefined';
    if (spec.indexed !== true) {
      this.#writer.faults.error(start, `${text}: $${name} is no list`, 'take the brackets away');
      return undefined;
    }
    if (index === '*' || index === 'append') return `"${index}"`;
    if (/^[+-]?\d+$/.test(index)) return String(Number(index));
    if (index.startsWith('$')) {
      const bound = this.variable(index, start);
      return bound && `R.indexOf(${bound.read})`;
    }
    this.#writer.faults.error(
      start,
      `${text}: "${index}" is no index`,
      'an index is a number, a variable, or *',
    );
    return undefined;
  }

  /** @returns what wraps the code of a value, or undefined where a transformation is wrong */
  #transformations(
    texts: readonly TransformationText[],
    start: number,
  ): ((code: string) => string) | undefined {
    const steps: ((code: string) => string)[] = [];
    for (const { name, args } of texts) {
      const step = this.#transformation(name, args, start);
      if (step === undefined) return undefined;
      steps.push(step);
    }
    return (code) => steps.reduce((inner, step) => step(inner), code);
  }

  #transformation(
    written: string,
    args: readonly string[],
    start: number,
  ): ((code: string) => string) | undefined {
    const { faults } = this.#writer;
    // `{nameaddr.1.uri}` has its index within its name.
    const indexed = /^(nameaddr)\.(-?\d+)\.(\w+)$/i.exec(written);
    const name = indexed ? `${indexed[1]}.${indexed[3]}` : written;
    const spec = this.#scope.transformation(name);
    if (spec === undefined) {
      const near = this.#scope.nearestTransformation(name);
      faults.error(start, `there is no transformation {${written}}`, near && `did you mean {${near}}?`);
      return undefined;
    }
    const [least, most] = spec.args;
    if (args.length < least || args.length > most) {
      const wanted = least === most ? String(least) : `${least} to ${most}`;
      faults.error(start, `{${written}} takes ${wanted} arguments, not ${args.length}`);
      return undefined;
    }
    const codes: string[] = [];
    for (const arg of indexed ? [indexed[2]!, ...args] : args) {
      const code = this.#transformationArgument(arg, start);
      if (code === undefined) return undefined;
      codes.push(code);
    }
    if (indexed === null && /^nameaddr\./i.test(name)) codes.unshift('"0"');
    return (code) => `${this.#writer.constant(spec)}.run(${code}, [${codes.join(', ')}], m)`;
  }

  #transformationArgument(text: string, start: number): string | undefined {
    const trimmed = text.trim();
    if (!trimmed.includes('$')) return literal(trimmed === '' ? text : trimmed);
    const whole = readFormat(trimmed, this.#names);
    if (whole.length === 1 && whole[0]!.kind === 'variable') return this.variable(trimmed, start)?.read;
    return this.format(trimmed, start);
  }
}

/** Code of a `VariableRef`. */
export function referenceText({ text, read, readAt, write }: BoundVariable): string {
  const set = write
    ? `(m, v, how) => how === ":=" ? ${write('v', ':=')} : ${write('v', '=')}`
    : '() => false';
  const at = readAt ? `(m, i) => ${readAt('i')}` : `(m, i) => i === 0 ? ${read} : null`;
  return `{ text: ${literal(text)}, get: (m) => ${read}, at: ${at}, set: ${set} }`;
}
