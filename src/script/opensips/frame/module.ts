import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { CertificateFiles, TlsSettings } from '../../../net/tls-settings.ts';
import type { TransportName } from '../../../net/transport-name.ts';
import type { ModuleContext } from '../runtime/module-context.ts';
import type { Argument } from './argument.ts';
import type { CommandSpec } from './command.ts';
import type { FunctionSpec, TypedFunction } from './function.ts';
import type { ParameterTable, ParameterValues } from './parameter.ts';
import type { VariableSpec } from './variable.ts';

/** A counter that `$stat(NAME)` and `get_statistics` read. */
export interface StatisticSpec<S> {
  readonly describe: string;
  readonly read: (state: S) => number;
  /** Absent: it cannot be set back. */
  readonly reset?: (state: S) => void;
}

/** An event that `event_route[NAME]` and subscribers hear. */
export interface EventSpec {
  readonly describe: string;
  /** Names of its parameters, as `$param(NAME)` has them. */
  readonly params: readonly string[];
}

/** TLS of a socket; what is left out is as the server has it. */
export type TlsWish = Partial<Omit<TlsSettings, 'certificate'> & CertificateFiles>;

/** What a script wants of the server's configuration; times in ms. */
export interface ServerWishes {
  readonly timers?: {
    readonly t1?: number;
    readonly t2?: number;
    readonly frTimeout?: number;
    readonly frInvTimeout?: number;
  };
  /** What a socket does TLS with, paths as written; undefined where nothing is said of it. */
  readonly tls?: (host: string, ports: readonly number[]) => TlsWish | undefined;
  readonly webSocket?: { readonly pingMs?: number };
  /** Ports of sockets that name none. */
  readonly ports?: Partial<Readonly<Record<TransportName, number>>>;
}

type Table<T> = Readonly<Record<string, T>>;

/**
 * One OpenSIPS module: the table from which the script is checked, the documentation is printed and the runtime works.
 * `S` is its state, made by `start` for each loaded script.
 */
export interface ModuleSpec<S, P extends ParameterTable> {
  readonly name: string;
  /** One or two sentences for its page. */
  readonly summary: string;
  /** Modules that must be loaded too; they are started before, whatever the order of the `loadmodule` lines. */
  readonly needs?: readonly string[];
  /** Modules that it works with where they are loaded; they are started before it, too. */
  readonly uses?: readonly string[];
  /** It serves others, as databases and caches do: it is started before all that do not say so. */
  readonly serves?: boolean;
  readonly params?: P;
  /**
   * It has something of which there can be one only, as state in memory that all calls share, or a socket: a script that
   * loads it runs in one worker. By its parameters, where they decide it.
   */
  readonly sharedState?: boolean | ((params: ParameterValues<P>) => boolean);
  /** What the parameters mean for the server itself, before it is started. */
  readonly configure?: (params: ParameterValues<P>) => ServerWishes;
  /**
   * Makes the state, before any message comes. What it throws as ServerError stops the start with its message.
   * A state with `Symbol.asyncDispose` is disposed of when the script is.
   */
  readonly start?: (params: ParameterValues<P>, context: ModuleContext) => MaybePromise<S>;
  readonly functions?: Table<FunctionSpec<S>>;
  readonly variables?: Table<VariableSpec<S>>;
  readonly commands?: Table<CommandSpec<S>>;
  readonly statistics?: Table<StatisticSpec<S>>;
  readonly events?: Table<EventSpec>;
  /** What OpenSIPS's module has and this one has not, by name, with the reason or what to use instead. */
  readonly missing?: Table<string>;
  /** More for its page, in Markdown. */
  readonly notes?: string;
}

/** A module whose state and parameters are its own matter. */
export type ScriptModule = ModuleSpec<never, ParameterTable>;

/** The pieces of a module whose state is an `S`, with their types. */
export interface ModuleParts<S> {
  /** Declares a function; the arguments of `run` get their types from `args`. */
  fn<const A extends readonly Argument<unknown>[]>(spec: TypedFunction<S, A>): FunctionSpec<S>;
  variable(spec: VariableSpec<S>): VariableSpec<S>;
  define<const P extends ParameterTable>(spec: ModuleSpec<S, P>): ScriptModule;
}

/** `const { fn, define } = moduleParts<State>()`: see the README of this folder. */
export function moduleParts<S = undefined>(): ModuleParts<S> {
  return {
    fn: (spec) => spec as unknown as FunctionSpec<S>,
    variable: (spec) => spec,
    define: (spec) => spec as unknown as ScriptModule,
  };
}
