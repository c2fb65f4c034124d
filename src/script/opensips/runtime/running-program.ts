import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { Listener } from '../../../net/listener.ts';
import type { HeaderEntry } from '../../../wire/sip/build.ts';
import type { ScriptModule } from '../frame/module.ts';
import type { RouteKind } from '../frame/route-kind.ts';
import type { Value } from '../value.ts';
import type { CacheBackend } from './cache-backend.ts';
import type { RequestContext } from './request-context.ts';
import type { ScriptMessage } from './script-message.ts';
import type { ServerServices } from './server-services.ts';

/** What an answer has besides its status. */
export interface ReplyMore {
  readonly headers?: readonly HeaderEntry[];
  readonly body?: Buffer;
  /** Nothing of the request is kept, as `sl_send_reply` has it. */
  readonly stateless?: boolean;
}

/** A loaded script in force, as its functions and modules see it. */
export interface RunningProgram {
  readonly services: ServerServices;
  /** The file of the script. */
  readonly file: string;
  /** Wall time in ms. */
  readonly startedAt: number;
  /** What the log takes, from -3 to 4. */
  logLevel: number;
  /** What `xlog` writes, from -3 to 4. */
  xlogLevel: number;
  /** `db_default_url` */
  readonly dbDefaultUrl: string | undefined;
  nextNumber(): number;
  /** A key-value store by its id. */
  cache(id: string): CacheBackend | undefined;
  /** The loaded modules, in the order of their `loadmodule` lines; the core is the first. */
  readonly modules: readonly ScriptModule[];
  /** The state that a module has made at the start. */
  stateOf<S>(module: ScriptModule): S | undefined;
  /** A text as a format that is made at run time: `{s.eval}`. */
  evaluate(m: ScriptMessage, format: string): Value;
  hasRoute(kind: RouteKind, name: string): boolean;
  /** Whether there is an onreply_route without a name. */
  readonly seesAllReplies: boolean;
  /** Whether there is any route that sees branches, replies or failures. */
  readonly seesBranches: boolean;
  /** Runs the top route of a message. What is thrown within is logged, and then -1. */
  run(m: ScriptMessage): MaybePromise<number>;
  /** The texts that calls of a function in the script have for one argument, variables left out; each once. */
  constantsOf(name: string, argument: number): readonly string[];
  /** Raises an event for `event_route[NAME]` and for subscribers. */
  raise(event: string, params: Readonly<Record<string, Value>>): void;
  /** A context for routes that no message sets off. */
  emptyContext(): RequestContext;
  /** Runs a `route[NAME]` apart from the one that runs. @returns its code, -1 where there is none of that name */
  runRoute(name: string, context: RequestContext, params?: readonly Value[]): Promise<number>;
  /**
   * Sends an answer of the server's own, with what `append_to_reply` has collected.
   * @param more headers and a body besides
   * @returns false after a final one, and for an ACK
   */
  reply(context: RequestContext, status: number, reason: string, more?: ReplyMore): boolean;
  /** One of the server's own sockets, by what a script writes. */
  socket(text: string): Listener | undefined;
  /** `file:line:column` of a place in the script. */
  placeText(at: number): string;
  /** Logs what a function of the script threw, with its place. */
  faulted(fault: unknown, callId: string | undefined): void;
  log(level: 'debug' | 'info' | 'warn' | 'error', text: string, callId?: string): void;
}
