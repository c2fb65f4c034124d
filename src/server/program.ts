import { ServerError } from '../base/errors.ts';
import type { FrontDoor } from '../core/front-door/front-door.ts';
import type { OutgoingView } from '../core/ua/user-agent-client.ts';
import { diagnosticsText } from '../ops/config/diagnostic.ts';
import type { ServerConfig } from '../ops/config/server-config.ts';
import defaultRoutes from '../script/api/default-routes.ts';
import { loadRoutes } from '../script/loader.ts';
import type { RunningProgram } from '../script/opensips/runtime/running-program.ts';
import { ScriptRuntime } from '../script/opensips/runtime/script-runtime.ts';
import type { ServerServices } from '../script/opensips/runtime/server-services.ts';
import { type Program, programOf } from '../script/program.ts';
import { Runtime, type RuntimeCounters, type RuntimeOptions } from '../script/runtime.ts';
import type { FaultSink } from '../script/stray-faults.ts';
import type { TransactionUser } from '../transaction/transaction-user.ts';

/** Runs the routing program, in whichever of the two languages it is written. */
export interface RoutingRuntime extends TransactionUser, FaultSink {
  readonly counters: RuntimeCounters;
  /** How many requests wait for an answer. */
  readonly pending: number;
  /** Shows the program a request of the server's own. */
  local(view: OutgoingView): void;
}

/** The routes that a configuration names, checked and compiled; undefined where an OpenSIPS script runs. */
export async function loadProgram({ routes, script }: ServerConfig): Promise<Program | undefined> {
  return script ? undefined : await routesOf(routes);
}

/**
 * The routing program of a file, or the shipped one.
 * @throws ServerError CFG_ROUTES_INVALID with every problem and its place
 */
async function routesOf(file: string | undefined): Promise<Program> {
  if (file === undefined) return programOf(defaultRoutes);
  const loaded = await loadRoutes(file);
  if (loaded.ok) return loaded.program;
  throw new ServerError('CFG_ROUTES_INVALID', diagnosticsText(loaded.problems));
}

/** Starts what {@link loadProgram} has found; throws what an OpenSIPS script's modules throw. */
export async function startProgram(
  config: ServerConfig,
  program: Program | undefined,
  options: Omit<RuntimeOptions, 'program'>,
  services: ServerServices,
  frontDoor: FrontDoor,
  resources: AsyncDisposableStack,
): Promise<RoutingRuntime> {
  if (config.script) return resources.use(await ScriptRuntime.start(config.script, services, frontDoor));
  return new Runtime({ ...options, program: program! });
}

/** The OpenSIPS script of a runtime; undefined where it has none. */
export function scriptOf(runtime: RoutingRuntime): RunningProgram | undefined {
  return runtime instanceof ScriptRuntime ? runtime.running.program : undefined;
}

/** Puts another program of the same kind in force. @returns a line that says so */
export async function replaceProgram(
  runtime: RoutingRuntime,
  next: ServerConfig,
  program: Program | undefined,
): Promise<string> {
  if (runtime instanceof ScriptRuntime && next.script) {
    await runtime.replace(next.script);
    return `script: ${next.script.file}, read again`;
  }
  if (runtime instanceof Runtime && program) runtime.replaceProgram(program);
  return `routes: ${next.routes ?? 'the shipped ones'}, read again`;
}
