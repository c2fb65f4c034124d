import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import type { Argument, Given } from './argument.ts';
import type { RouteKinds } from './route-kind.ts';

/**
 * What a function returns: a return code as `$rc` has it (above 0 is true, below false, 0 ends the script), or `true`
 * for 1 and `false` for -1.
 */
export type Code = number | boolean;

/** A function of the script, with `S` the state of its module. */
export interface FunctionSpec<S> {
  readonly args: readonly Argument<unknown>[];
  /** Where it may be called. */
  readonly routes: RouteKinds;
  readonly describe: string;
  /** What its codes mean beyond true and false. */
  readonly returns?: string;
  /**
   * It may return a promise. Routes that reach it are compiled to wait; all others cost nothing. It must not read the
   * message of a request that was answered meanwhile without looking at `m.context.answered`.
   */
  readonly waits?: boolean;
  /** May stand in `async(…)` and `launch(…)`; by default whatever waits may. */
  readonly asynchronous?: boolean;
  /** What the first argument is where one too few is given: `xlog("text")` is `xlog("L_ERR", "text")`. */
  readonly first?: string | number;
  /** It is in older scripts, and works; what to write instead. */
  readonly older?: string;
  readonly run: (m: ScriptMessage, state: S, ...args: never[]) => MaybePromise<Code>;
}

/** The declaration of a function with typed arguments. */
export interface TypedFunction<S, A extends readonly Argument<unknown>[]>
  extends Omit<FunctionSpec<S>, 'args' | 'run'> {
  readonly args: A;
  readonly run: (m: ScriptMessage, state: S, ...args: Given<A>) => MaybePromise<Code>;
}
