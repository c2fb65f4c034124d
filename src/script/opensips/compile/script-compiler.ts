import { compileFunction } from 'node:vm';
import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { RouteKind } from '../frame/route-kind.ts';
import type { RouteBlock, Script } from '../language/ast.ts';
import type { Faults } from '../language/faults.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import * as background from './background.ts';
import { CallCompiler } from './call-compiler.ts';
import { CodeWriter } from './code-writer.ts';
import { ExpressionCompiler, type RouteTable } from './expression-compiler.ts';
import { type FormatFunction, formatMaker } from './format-maker.ts';
import * as operations from './operations.ts';
import type { Scope } from './scope.ts';
import { type CodeLine, type CodeSettings, StatementCompiler } from './statement-compiler.ts';
import { VariableCompiler } from './variable-compiler.ts';
import { waitingRoutes } from './waiting-routes.ts';
import { type Calls, callsOf } from './walk.ts';

/** What the code of a script calls `R`. */
const RUNTIME = { ...operations, ...background };

/** A route as it runs: what it returns is a return code, 0 for a script that was ended. */
export type RouteFunction = (m: ScriptMessage) => MaybePromise<number>;

/** The routes of a script that runs, by kind and name: `failure missed`, `request `. */
export type RouteFunctions = ReadonlyMap<string, RouteFunction>;

/** A script that is compiled, and not yet running. */
export interface CompiledScript {
  /** How many `$var(…)` it has. */
  readonly variableCount: number;
  readonly timers: readonly { readonly name: string; readonly seconds: number }[];
  /** Sockets that it names, to be looked for among those that are opened. */
  readonly sockets: readonly { readonly text: string; readonly start: number }[];
  /** The JavaScript that it was compiled to. */
  readonly code: string;
  /** @param states those of the modules, in the order of the scope's */
  instantiate(states: readonly unknown[]): RouteFunctions;
  /** A format that is made at run time; undefined where it cannot be read. */
  format(text: string): FormatFunction | undefined;
  /** The place in the source text of a line of the code, from 1. */
  placeOf(line: number): number;
}

/** The name under which compiled scripts stand in stacks. */
export const CODE_FILE = 'opensips-script';

export function routeKey(kind: RouteKind, name: string): string {
  return `${kind} ${name}`;
}

/**
 * Looks every name of a script up, and compiles its routes to one JavaScript function each. Routes that reach a function
 * that waits are asynchronous, all others are plain functions.
 * @returns undefined where anything is wrong; all of it is told to `faults`
 */
export function compileScript(
  script: Script,
  scope: Scope,
  faults: Faults,
  settings: CodeSettings,
): CompiledScript | undefined {
  const compiler = new ScriptCompiler(script, scope, faults, settings);
  return compiler.compile();
}

class ScriptCompiler implements RouteTable {
  readonly #script: Script;
  readonly #scope: Scope;
  readonly #faults: Faults;
  readonly #settings: CodeSettings;
  readonly #writer: CodeWriter;
  readonly #functions = new Map<string, string>();
  /** Those that `route(NAME)` calls. */
  readonly #callable = new Map<string, RouteBlock>();
  #waiting: ReadonlySet<RouteBlock> = new Set();
  readonly #sockets: { text: string; start: number }[] = [];

  constructor(script: Script, scope: Scope, faults: Faults, settings: CodeSettings) {
    this.#script = script;
    this.#scope = scope;
    this.#faults = faults;
    this.#settings = settings;
    this.#writer = new CodeWriter(faults);
    for (const [i, route] of script.routes.entries()) {
      const { kind, name } = route;
      this.#functions.set(routeKey(kind, name), `r${i}`);
      if (kind === 'request') this.#callable.set(name, route);
    }
  }

  compile(): CompiledScript | undefined {
    const { routes } = this.#script;
    const calls = new Map(routes.map((route) => [route, callsOf(route.body)]));
    this.#waiting = waitingRoutes(calls, this.#scope);
    this.#noteUncalled(calls);
    const lines: CodeLine[] = [];
    for (const [i, route] of routes.entries()) lines.push(...this.#route(route, `r${i}`));
    if (this.#faults.failed) return undefined;
    return this.#finished(lines);
  }

  functionOf(name: string): string | undefined {
    return this.#functions.get(routeKey('request', name));
  }

  names(): readonly string[] {
    return this.#namesOf('request');
  }

  waits(name: string): boolean {
    const route = this.#callable.get(name);
    return route !== undefined && this.#waiting.has(route);
  }

  get anyWaits(): boolean {
    return [...this.#waiting].some(({ kind }) => kind === 'request');
  }

  #namesOf(kind: RouteKind): readonly string[] {
    return this.#script.routes.filter((it) => it.kind === kind && it.name !== '').map(({ name }) => name);
  }

  /** Tells of routes that nothing leads to. */
  #noteUncalled(calls: ReadonlyMap<RouteBlock, Calls>): void {
    if (!this.#functions.has(routeKey('request', ''))) {
      this.#faults.notice(
        0,
        'there is no route { … }',
        'it is run for each request; without it none has an answer',
      );
    }
    const called = new Set<string>();
    for (const { routes, async } of calls.values()) {
      for (const { name } of routes) {
        if (name.kind !== 'string' && name.kind !== 'number') return;
        if (name.text.includes('$')) return;
        called.add(name.text);
      }
      for (const { route } of async) if (route) called.add(route.text);
    }
    // Parameters of modules name routes too.
    for (const { value } of this.#script.parameters) called.add(String(value));
    for (const { kind, name, start } of this.#script.routes) {
      if (kind === 'request' && name !== '' && !called.has(name)) {
        this.#faults.notice(start, `nothing calls route[${name}]`);
      }
    }
  }

  #route(route: RouteBlock, fn: string): readonly CodeLine[] {
    const { kind, body, start } = route;
    const waits = this.#waiting.has(route);
    const variables = new VariableCompiler(this.#writer, this.#scope);
    const calls = new CallCompiler(this.#writer, this.#scope, variables, {
      has: (of, name) => this.#functions.has(routeKey(of, name)),
      names: (of) => this.#namesOf(of),
      noteSocket: (text, at) => this.#sockets.push({ text, start: at }),
    });
    const expressions = new ExpressionCompiler(this.#writer, variables, calls, this, kind, waits);
    const statements = new StatementCompiler(expressions, calls, this, this.#settings, kind);
    statements.body(body, true);
    return [
      { code: `${waits ? 'async ' : ''}function ${fn}(m) { ${this.#writer.takeTemporaries()}`, start },
      ...statements.lines,
      { code: 'return 1; }', start },
    ];
  }

  #finished(lines: readonly CodeLine[]): CompiledScript {
    const { constants, prologue, variableCount } = this.#writer;
    const names = constants.map((_, i) => `k${i}`);
    const states = this.#scope.modules.map((_, i) => `s${i}`);
    const head = [
      '"use strict";',
      `const [${names.join(', ')}] = K;`,
      `const [${states.join(', ')}] = S;`,
      'const routes = new Map();',
      ...prologue,
    ];
    const entries = [...this.#functions].map(([key, fn]) => `routes.set(${JSON.stringify(key)}, ${fn});`);
    const code = [...head, ...lines.map((line) => line.code), ...entries, 'return routes;'].join('\n');
    const make = compileFunction(code, ['K', 'S', 'R'], { filename: CODE_FILE });
    const offset = head.length;
    return {
      code,
      variableCount,
      timers: this.#script.routes.flatMap(({ kind, name, interval }) =>
        kind === 'timer' ? [{ name, seconds: interval }] : [],
      ),
      sockets: this.#sockets,
      instantiate: (given) => make(constants, given, RUNTIME) as RouteFunctions,
      // `$var` has the same numbers as in the routes.
      format: formatMaker(this.#scope, (faults) => this.#writer.apart(faults)),
      placeOf: (line) => lines[line - 1 - offset]?.start ?? 0,
    };
  }
}
