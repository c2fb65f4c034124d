import type { Faults } from '../language/faults.ts';

/** What a piece of code is written into: the constants that it refers to, and its temporaries. */
export class CodeWriter {
  readonly faults: Faults;
  /** What `k0`, `k1`, … stand for. */
  readonly constants: unknown[] = [];
  /** Declarations that stand before the routes. */
  readonly prologue: string[] = [];
  readonly #names = new Map<unknown, string>();
  readonly #variables: Map<string, number>;
  #temporaries = 0;
  #declared = 0;

  constructor(faults: Faults, variables: Map<string, number> = new Map()) {
    this.faults = faults;
    this.#variables = variables;
  }

  /** A writer of its own for code that sees the same `$var(…)`. */
  apart(faults: Faults): CodeWriter {
    return new CodeWriter(faults, this.#variables);
  }

  /** How many `$var(…)` there are. */
  get variableCount(): number {
    return this.#variables.size;
  }

  /** The name that stands for something that code cannot say. */
  constant(value: unknown): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const name = `k${this.constants.length}`;
    this.constants.push(value);
    this.#names.set(value, name);
    return name;
  }

  /** Declares something once, before the routes. @returns its name */
  declare(expression: string): string {
    const name = `d${this.#declared++}`;
    this.prologue.push(`const ${name} = ${expression};`);
    return name;
  }

  /** The number of `$var(name)`. */
  variable(name: string): number {
    let slot = this.#variables.get(name);
    if (slot === undefined) {
      slot = this.#variables.size;
      this.#variables.set(name, slot);
    }
    return slot;
  }

  temporary(): string {
    return `t${this.#temporaries++}`;
  }

  /** Names of the temporaries since the last call, to be declared in the function that was written. */
  takeTemporaries(): string {
    const names = Array.from({ length: this.#temporaries }, (_, i) => `t${i}`);
    this.#temporaries = 0;
    return names.length === 0 ? '' : `let ${names.join(', ')};`;
  }
}

/** A text as code says it. */
export function literal(text: string | number): string {
  return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
