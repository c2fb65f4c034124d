import type { Listener } from '../../../net/listener.ts';
import type { ScriptModule } from '../frame/module.ts';
import type { Value } from '../value.ts';
import type { RequestContext } from './request-context.ts';
import type { ServerServices } from './server-services.ts';

/** A loaded script in force, as its functions and modules see it. */
export interface RunningProgram {
  readonly services: ServerServices;
  /** The loaded modules, in the order of their `loadmodule` lines; the core is the first. */
  readonly modules: readonly ScriptModule[];
  /** The state that a module has made at the start. */
  stateOf<S>(module: ScriptModule): S | undefined;
  /** Raises an event for `event_route[NAME]` and for subscribers. */
  raise(event: string, params: Readonly<Record<string, Value>>): void;
  /** Runs a `route[NAME]` apart from the one that runs. @returns its code, -1 where there is none of that name */
  runRoute(name: string, context: RequestContext, params?: readonly Value[]): Promise<number>;
  /** Sends an answer of the server's own, with what `append_to_reply` has collected. @returns false after a final one */
  reply(context: RequestContext, status: number, reason: string): boolean;
  /** One of the server's own sockets, by what a script writes. */
  socket(text: string): Listener | undefined;
  /** `file:line:column` of a place in the script. */
  placeText(at: number): string;
  /** Logs what a function of the script threw, with its place. */
  faulted(fault: unknown, callId: string | undefined): void;
  log(level: 'debug' | 'info' | 'warn' | 'error', text: string, callId?: string): void;
}
