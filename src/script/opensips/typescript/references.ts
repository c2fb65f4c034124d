import { compileFunction } from 'node:vm';
import { CodeWriter } from '../compile/code-writer.ts';
import * as operations from '../compile/operations.ts';
import type { Scope } from '../compile/scope.ts';
import { referenceText, VariableCompiler } from '../compile/variable-compiler.ts';
import type { VariableRef } from '../frame/variable.ts';
import { Faults } from '../language/faults.ts';
import { SourceText } from '../language/source-text.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';

/** More than a program has are made by something that goes on for ever. */
const MOST = 10_000;

/** The variables of a program by their text, compiled when they are first wanted. */
export class References {
  readonly #scope: Scope;
  readonly #states: readonly unknown[];
  readonly #slots: Map<string, number>;
  readonly #known = new Map<string, VariableRef>();

  constructor(scope: Scope, states: readonly unknown[], slots: Map<string, number>) {
    this.#scope = scope;
    this.#states = states;
    this.#slots = slots;
  }

  /** @throws TypeError where the text is no variable: a fault of the program */
  of(text: string, m: ScriptMessage): VariableRef {
    const known = this.#known.get(text);
    if (known) return known;
    const made = this.#make(text);
    if (this.#known.size < MOST) this.#known.set(text, made);
    // Runs that began before have no room for a `$var` that nobody had named yet.
    while (m.vars.length < this.#slots.size) m.vars.push(null);
    return made;
  }

  /** The number of `$var(name)`. */
  slot(name: string): number {
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    const slot = this.#slots.size;
    this.#slots.set(name, slot);
    return slot;
  }

  /** How many `$var(…)` there are. */
  get count(): number {
    return this.#slots.size;
  }

  #make(text: string): VariableRef {
    const faults = new Faults(SourceText.of(text, text));
    const writer = new CodeWriter(faults, this.#slots);
    const bound = new VariableCompiler(writer, this.#scope).variable(text, 0);
    if (bound === undefined) {
      const { message, hint } = faults.errors[0]!;
      throw new TypeError(hint === undefined ? message : `${message}: ${hint}`);
    }
    const names = writer.constants.map((_, i) => `k${i}`).join(', ');
    const states = this.#scope.modules.map((_, i) => `s${i}`).join(', ');
    const code = `const [${names}] = K; const [${states}] = S; return ${referenceText(bound)};`;
    return compileFunction(code, ['K', 'S', 'R'])(writer.constants, this.#states, operations) as VariableRef;
  }
}
