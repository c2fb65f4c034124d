import { ServerError } from '../../../base/errors.ts';
import type { ScriptModule } from '../frame/module.ts';
import type { LoadedScript } from '../load-script.ts';
import type { ModuleContext } from './module-context.ts';
import { ScriptProgram } from './script-program.ts';
import { ScriptUser } from './script-user.ts';
import type { ServerServices } from './server-services.ts';

/** A script that runs until it is disposed of: its timers and the states of its modules end with it. */
export interface RunningScript extends AsyncDisposable {
  readonly program: ScriptProgram;
  readonly user: ScriptUser;
  /** Ends what runs by time, and leaves the rest as it is for requests that are under way. */
  stopTimers(): void;
}

/**
 * Starts the modules of a script and its timers, and runs its startup_route.
 * @throws ServerError CFG_INVALID for a socket that the script names and nobody listens on, and what the modules throw
 */
export async function startScript(loaded: LoadedScript, services: ServerServices): Promise<RunningScript> {
  await using resources = new AsyncDisposableStack();
  const timers = resources.use(new DisposableStack());
  const program = new ScriptProgram({ loaded, services });
  checkSockets(program);
  const states: unknown[] = loaded.modules.map(() => undefined);
  for (const i of startOrder(loaded.modules)) {
    const context = moduleContext(program, states, timers);
    const state: unknown = await loaded.modules[i]!.start?.(loaded.parameters[i] as never, context);
    states[i] = state;
    if (isDisposable(state)) resources.use(state);
  }
  program.begin(states);
  // Where several workers run the script, one of them runs what is run once.
  if ((services.environment.place?.index ?? 0) === 0) {
    await program.runAlone('startup', '');
    for (const { name, seconds } of loaded.compiled.timers) {
      every(services, seconds, () => void program.runAlone('timer', name), timers);
    }
  }
  const kept = resources.move();
  return {
    program,
    user: new ScriptUser(program),
    stopTimers: () => timers.dispose(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The indexes of the modules in the order in which they are started. */
function startOrder(modules: readonly ScriptModule[]): Iterable<number> {
  const order = new Set<number>();
  const visiting = new Set<ScriptModule>();
  const visit = (module: ScriptModule): void => {
    // Two that need each other are started in the order of their lines.
    if (visiting.has(module)) return;
    visiting.add(module);
    for (const name of [...(module.needs ?? []), ...(module.uses ?? [])]) {
      const needed = modules.find((it) => it.name === name);
      if (needed !== undefined) visit(needed);
    }
    order.add(modules.indexOf(module));
  };
  for (const module of modules) if (module.serves === true) visit(module);
  for (const module of modules) visit(module);
  return order;
}

function moduleContext(
  program: ScriptProgram,
  states: readonly unknown[],
  timers: DisposableStack,
): ModuleContext {
  return {
    services: program.services,
    program,
    stateOf: <S>(module: ScriptModule) => states[program.modules.indexOf(module)] as S | undefined,
    onRequest: (hear) => program.hearRequests(hear),
    onEvent: (hear) => program.hearEvents(hear),
    onConnectionClosed: (hear) => program.hearClosed(hear),
    addCache: (id, backend) => program.addCache(id, backend),
    every: (seconds, act) => every(program.services, seconds, act, timers),
    onRetire: (act) => timers.defer(act),
    raise: (event, params) => program.raise(event, params),
    runRoute: (name, context, params) => program.runRoute(name, context, params),
    log: (level, text, callId) => program.log(level, text, callId),
  };
}

/** Fires for the first time when the interval has passed once. */
function every({ clock }: ServerServices, seconds: number, act: () => void, timers: DisposableStack): void {
  const next = () => {
    timer = clock.setTimer(seconds * 1000, () => {
      next();
      act();
    });
  };
  let timer = { cancel: () => {} };
  next();
  timers.defer(() => timer.cancel());
}

function checkSockets(program: ScriptProgram): void {
  const { compiled } = program.loaded;
  const wrong = compiled.sockets.find(({ text }) => program.socket(text) === undefined);
  if (wrong === undefined) return;
  const { listeners } = program.services.environment.network;
  throw new ServerError(
    'CFG_INVALID',
    `${program.placeText(wrong.start)}: ${JSON.stringify(wrong.text)} is no socket of this server`,
    { hint: `the sockets are ${listeners.map(({ name }) => name).join(', ')}` },
  );
}

function isDisposable(state: unknown): state is AsyncDisposable {
  return typeof state === 'object' && state !== null && Symbol.asyncDispose in state;
}
