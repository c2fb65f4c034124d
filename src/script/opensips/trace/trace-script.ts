import { channels } from '../../../base/channels.ts';
import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import { faultPosition, type Position } from '../../fault-position.ts';
import { CODE_FILE } from '../compile/script-compiler.ts';
import type { Code, FunctionSpec } from '../frame/function.ts';
import type { ScriptModule } from '../frame/module.ts';
import type { LoadedScript } from '../load-script.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { readOnlyDriver } from './read-only.ts';

/** One thing that a script did. */
export interface Step {
  /** Where it stands in the script; undefined where that cannot be told. */
  readonly at: Position | undefined;
  /** `t_relay()`, or `$avp(x)`. */
  readonly what: string;
  /** What came of it: a return code, or the value that was assigned. */
  readonly outcome: string;
}

/** Modules that speak with the world: what they are asked for counts as done, and is not. */
const OUTSIDE: ReadonlySet<string> = new Set([
  'exec',
  'httpd',
  'mi_fifo',
  'mi_http',
  'rtpengine',
  'rtpproxy',
]);
const FRAMES = 30;

type Run = (m: ScriptMessage, state: unknown, ...args: unknown[]) => MaybePromise<Code>;

/**
 * Has a script that was loaded with `traced` tell what it does, and lets its modules change nothing outside.
 * @param hear is told each step when it is done
 * @returns the script to start; functions tell until it is disposed of
 */
export function traceScript(
  loaded: LoadedScript,
  hear: (step: Step) => void,
): { readonly loaded: LoadedScript } & Disposable {
  const undo = new DisposableStack();
  const place = () => placeIn(loaded);
  for (const module of loaded.modules) {
    const outside = OUTSIDE.has(module.name);
    for (const [name, spec] of Object.entries(module.functions ?? {})) {
      undo.use(traceFunction(name, spec, outside, place, hear));
    }
  }
  const assigned = (message: unknown) => {
    const { name, value } = message as { readonly name: string; readonly value: string };
    hear({ at: place(), what: name, outcome: value });
  };
  channels.step.subscribe(assigned);
  undo.defer(() => channels.step.unsubscribe(assigned));
  const note = (what: string) => hear({ at: undefined, what, outcome: 'not done' });
  return {
    loaded: { ...loaded, modules: loaded.modules.map((module) => harmless(module, note)) },
    [Symbol.dispose]: () => undo.dispose(),
  };
}

function harmless(module: ScriptModule, note: (what: string) => void): ScriptModule {
  const { name, start, serves } = module;
  if (OUTSIDE.has(name)) {
    const { start: _, ...rest } = module;
    return rest;
  }
  if (serves !== true || start === undefined) return module;
  return {
    ...module,
    start: async (params, context) => readOnlyDriver(await start(params, context), note) as never,
  };
}

/** Puts a run that tells in place of a function's own. */
function traceFunction(
  name: string,
  spec: FunctionSpec<never>,
  outside: boolean,
  place: () => Position | undefined,
  hear: (step: Step) => void,
): Disposable {
  const changeable = spec as unknown as { run: Run };
  const { run } = changeable;
  changeable.run = (m, state, ...args) => {
    const what = `${name}(${args.map(argumentText).join(', ')})`;
    const at = place();
    if (outside) {
      hear({ at, what, outcome: '1, not done' });
      return 1;
    }
    const result = run(m, state, ...args);
    const told = (code: Code) => {
      hear({ at, what, outcome: String(code === true ? 1 : code === false ? -1 : code) });
      return code;
    };
    return result instanceof Promise ? result.then(told) : told(result);
  };
  return {
    [Symbol.dispose]: () => {
      changeable.run = run;
    },
  };
}

/** What a function was given, as a person reads it. */
function argumentText(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return value === undefined ? '' : String(value);
  if ('text' in value && typeof value.text === 'string') return value.text;
  if ('name' in value && typeof value.name === 'string') return value.name;
  if ('pattern' in value && typeof value.pattern === 'function') return JSON.stringify(value.pattern());
  return JSON.stringify(value) ?? '';
}

/** Where the script is at this moment, by the stack of what runs. */
function placeIn({ file, source, compiled }: LoadedScript): Position | undefined {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const here = new Error('here');
  Error.stackTraceLimit = before;
  const inCode = faultPosition(here, [CODE_FILE]);
  return inCode ? source.place(compiled.placeOf(inCode.line)) : faultPosition(here, [file]);
}
