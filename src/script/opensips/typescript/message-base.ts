import { BoundedMap } from '../../../base/bounded-map.ts';
import { channels } from '../../../base/channels.ts';
import type { Cidr } from '../../../base/ip.ts';
import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { Argument, Assigning, Calculation, Message, Operator } from '../api/message.ts';
import type { Outcome, Route, ScriptDefinition } from '../api/script-definition.ts';
import * as background from '../compile/background.ts';
import { networkOf } from '../compile/expression-compiler.ts';
import * as operations from '../compile/operations.ts';
import { NOWHERE } from '../compile/operations.ts';
import type { CodeSettings } from '../compile/statement-compiler.ts';
import type { Code } from '../frame/function.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import type { Value } from '../value.ts';
import { END, WRONG } from './end.ts';
import type { References } from './references.ts';

/** What all messages of one program that runs have in common. */
export interface MessageSurroundings {
  readonly definition: ScriptDefinition;
  readonly settings: CodeSettings;
  readonly references: References;
  /** Another view of the same program. */
  readonly view: (m: ScriptMessage) => Message;
}

const networks = new BoundedMap<string, Cidr>(1000, 'drop-oldest');

/** What every program's messages can do; functions and variables of modules are put on top of it. */
export class MessageBase {
  readonly run: ScriptMessage;
  readonly #around: MessageSurroundings;
  /** The next function that is called begins an `async`. */
  #forgets = false;
  /** How many `holds` are under way. */
  #holding = 0;
  /** The last test was neither true nor false. */
  #wrong = false;

  constructor(run: ScriptMessage, around: MessageSurroundings) {
    this.run = run;
    this.#around = around;
  }

  get code(): number {
    return this.run.rc;
  }

  get(variable: string): Value {
    return this.#around.references.of(variable, this.run).get(this.run) ?? null;
  }

  set(variable: string, value: Argument, how: Assigning = '='): boolean {
    const reference = this.#around.references.of(variable, this.run);
    const { run } = this;
    const plain = how === '=' || how === ':=';
    const before = reference.get(run) ?? null;
    const next = plain ? value : operations.combined(run, how.slice(0, -1), before, value, NOWHERE);
    const done = this.assigned(next, (it) => reference.set(run, it, plain ? how : '='));
    if (channels.step.hasSubscribers) operations.tell(variable, reference.get(run) ?? null);
    return done;
  }

  /** Writes a value where there is one. */
  assigned(value: Argument, write: (value: Value) => boolean): boolean {
    const { run } = this;
    run.rc = value === undefined ? operations.noValue(run, NOWHERE) : write(value) ? 1 : -1;
    return run.rc > 0;
  }

  /** Takes what a function has returned. */
  took(result: Code): boolean {
    const { run } = this;
    this.#wrong = false;
    run.rc = operations.code(result);
    if (run.rc === 0) throw END;
    return run.rc > 0;
  }

  *list(variable: string): Generator<Value> {
    const reference = this.#around.references.of(variable, this.run);
    for (let i = 0; ; i++) {
      const value = reference.at(this.run, i) ?? null;
      if (value === null || operations.endless(this.run, i, NOWHERE)) return;
      yield value;
    }
  }

  is(value: Value, operator: Operator, other: string | number): boolean {
    const { run } = this;
    if (operator === '=~' || operator === '!~')
      return this.#test(operations.matchesValue(run, operator, value, other, NOWHERE));
    if (typeof other === 'number')
      return this.#test(operations.compareNumber(run, operator, value, other, NOWHERE));
    if (operator === '==') return this.#test(operations.equalsText(value, other));
    return this.#test(operations.compareText(operator, value, other));
  }

  compare(left: Value, operator: Operator, right: Value): boolean {
    if (operator === '=~' || operator === '!~')
      return this.#test(operations.matchesValue(this.run, operator, left, right, NOWHERE));
    return this.#test(operations.compare(operator, left, right));
  }

  inNetwork(value: Value, network: string, inside = true): boolean {
    let cidr = networks.get(network);
    if (cidr === undefined) {
      cidr = networkOf(network);
      if (cidr === undefined) throw new TypeError(`${network} is no network`);
      networks.set(network, cidr);
    }
    const outcome = operations.inNetwork(value, cidr);
    return this.#test(inside ? outcome : operations.not(outcome));
  }

  #test(outcome: number): boolean {
    this.#wrong = outcome < 0;
    if (this.#wrong && this.#holding > 0) throw WRONG;
    return outcome === 1;
  }

  holds(condition: () => MaybePromise<boolean>): MaybePromise<boolean> {
    this.#holding++;
    let waits = false;
    try {
      const outcome = condition();
      if (!(outcome instanceof Promise)) return outcome;
      waits = true;
      return outcome.catch(wrongIsFalse).finally(() => this.#holding--);
    } catch (thrown) {
      return wrongIsFalse(thrown);
    } finally {
      if (!waits) this.#holding--;
    }
  }

  judged(outcome: boolean): void {
    this.run.rc = outcome ? 1 : this.#wrong ? -1 : 0;
    this.#wrong = false;
  }

  oneOf<T extends string | number>(value: Value, ...candidates: readonly T[]): T | undefined {
    return candidates[operations.caseOf(value, candidates)];
  }

  add(left: Argument, right: Argument): Argument {
    return operations.add(this.run, left, right, false, NOWHERE);
  }

  calculate(left: Argument, operator: Calculation, right: Argument): Argument {
    return operator === '+'
      ? operations.add(this.run, left, right, true, NOWHERE)
      : operations.calculate(this.run, operator, left, right, NOWHERE);
  }

  complement(value: Argument): Argument {
    return operations.complement(this.run, value, NOWHERE);
  }

  number(text: string): Argument {
    return operations.argumentInt(this.run, text, NOWHERE) ?? null;
  }

  mayRepeat(rounds: number): boolean {
    const { maxWhileLoops } = this.#around.settings;
    if (rounds < maxWhileLoops) return true;
    operations.tooManyLoops(this.run, maxWhileLoops, NOWHERE);
    return false;
  }

  route(name: string, ...parameters: readonly Value[]): boolean {
    const result = this.#enter(name, parameters);
    if (result instanceof Promise) throw new TypeError(`route ${name} waits: call it by awaitRoute`);
    return this.#leave(result);
  }

  async awaitRoute(name: string, ...parameters: readonly Value[]): Promise<boolean> {
    return this.#leave(await this.#enter(name, parameters));
  }

  /** @returns what the route returned; undefined where it could not be called */
  #enter(name: string, parameters: readonly Value[]): MaybePromise<Outcome> {
    const route = this.#routeNamed(name);
    const { run } = this;
    if (route === undefined) return operations.complain(run, NOWHERE, `there is no route[${name}]`);
    if (!operations.enter(run, name, parameters)) return -1;
    const result = route(this as unknown as Message);
    if (result instanceof Promise) return result.then((it) => operations.leave(run, codeOf(it)));
    return operations.leave(run, codeOf(result));
  }

  #leave(result: Outcome): boolean {
    return this.took(codeOf(result));
  }

  #routeNamed(name: string): Route | undefined {
    const { routes } = this.#around.definition.parts;
    return routes && Object.hasOwn(routes, name) ? routes[name] : undefined;
  }

  returns(code: Argument, ...values: readonly Value[]): number {
    this.run.returned = values;
    return operations.returned(code ?? null);
  }

  exit(): never {
    throw END;
  }

  drop(): never {
    this.run.dropped = true;
    throw END;
  }

  assert(condition: boolean, text = ''): void {
    if (condition) return;
    operations.assertFailed(this.run, text, NOWHERE);
    throw END;
  }

  /** @internal A function is about to do its work. */
  argumentsKnown(): void {
    if (!this.#forgets) return;
    this.#forgets = false;
    background.forget(this.run);
  }

  async async(call: (m: Message) => MaybePromise<boolean>, route: string, seconds = 0): Promise<never> {
    const { run } = this;
    this.#forgets = true;
    run.rc = operations.code(
      await background.within(run, this.#code(this as unknown as Message, call), seconds),
    );
    background.resume(run, route);
    await this.#routeNamed(route)?.(this as unknown as Message);
    throw END;
  }

  launch(call: (m: Message) => MaybePromise<boolean>, route?: string, text?: string): void {
    const { run } = this;
    const { view, references } = this.#around;
    const then = route === undefined ? undefined : this.#routeNamed(route);
    const report = then && ((m: ScriptMessage) => ended(() => then(view(m))));
    const params = text === undefined ? operations.NOTHING : [text];
    background.launch(run, (m) => this.#code(view(m), call), report, route ?? '', params, references.count);
    run.rc = 1;
  }

  /** The return code of a call; 0 ends nothing where nobody waits for it. */
  #code(m: Message, call: (m: Message) => MaybePromise<boolean>): MaybePromise<Code> {
    const { run } = m as unknown as MessageBase;
    const code = () => run.rc;
    const thrown = (fault: unknown) => {
      if (fault === END) return 0;
      throw fault;
    };
    try {
      const result = call(m);
      return result instanceof Promise ? result.then(code, thrown) : code();
    } catch (fault) {
      return thrown(fault);
    }
  }
}

/** The return code of a route; 0 where it ended the script. */
export function ended(route: () => Outcome | Promise<Outcome>): MaybePromise<number> {
  try {
    const result = route();
    return result instanceof Promise ? result.then(codeOf, endIsZero) : codeOf(result);
  } catch (thrown) {
    return endIsZero(thrown);
  }
}

function codeOf(outcome: Outcome): number {
  return typeof outcome === 'number' ? outcome : 1;
}

function endIsZero(thrown: unknown): 0 {
  if (thrown === END) return 0;
  throw thrown;
}

function wrongIsFalse(thrown: unknown): false {
  if (thrown === WRONG) return false;
  throw thrown;
}
