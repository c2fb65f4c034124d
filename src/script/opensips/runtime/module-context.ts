import type { ScriptModule } from '../frame/module.ts';
import type { Value } from '../value.ts';
import type { CacheBackend } from './cache-backend.ts';
import type { RequestContext } from './request-context.ts';
import type { RunningProgram } from './running-program.ts';
import type { ScriptMessage } from './script-message.ts';
import type { ServerServices } from './server-services.ts';

/** What a module is given when its script is started. */
export interface ModuleContext {
  readonly services: ServerServices;
  readonly program: RunningProgram;
  /** The state of another loaded module; undefined where it is not loaded. It must be named in `needs`, or optional. */
  stateOf<S>(module: ScriptModule): S | undefined;
  /** Called for each request before its request_route. */
  onRequest(hear: (m: ScriptMessage) => void): void;
  /** Called for every event that is raised, of any module. */
  onEvent(hear: (event: string, params: Readonly<Record<string, Value>>) => void): void;
  /** Called when a connection is no more. */
  onConnectionClosed(hear: (connectionId: number) => void): void;
  /** Brings a key-value store for `cache_store` and its like: `local`, or `local:group`. */
  addCache(id: string, backend: CacheBackend): void;
  /** Called every so many seconds while the script is in force. */
  every(seconds: number, act: () => void): void;
  /** Called when the script is in force no more, though requests may still be under way in it. */
  onRetire(act: () => void): void;
  /** Raises an event of this module: `event_route[NAME]` runs, and subscribers are told. */
  raise(event: string, params: Readonly<Record<string, Value>>): void;
  /** Runs a route block by name with a request of its own, for modules that take route names as parameters. */
  runRoute(name: string, context: RequestContext, params?: readonly Value[]): Promise<number>;
  log(level: 'debug' | 'info' | 'warn' | 'error', text: string, callId?: string): void;
}
