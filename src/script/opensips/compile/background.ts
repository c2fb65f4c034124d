import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { Code } from '../frame/function.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import type { Value } from '../value.ts';
import { code, NOTHING } from './operations.ts';

/** Waits for what a function does, but no longer than the seconds that `async` says; 0 for as long as it takes. */
export async function within(m: ScriptMessage, result: MaybePromise<Code>, seconds: number): Promise<Code> {
  if (seconds === 0 || !(result instanceof Promise)) return await result;
  const { promise, resolve } = Promise.withResolvers<Code>();
  const timer = m.program.services.clock.setTimer(seconds * 1000, () => resolve(-2));
  try {
    return await Promise.race([result, promise]);
  } finally {
    timer.cancel();
  }
}

/** Script variables do not outlive an `async`; what its function puts into them does. */
export function forget(m: ScriptMessage): void {
  m.vars.fill(null);
}

/** After `async` AVPs, what was changed in the message, and what the function has found are left. */
export function resume(m: ScriptMessage, route: string): void {
  m.params = NOTHING;
  m.paramStack = undefined;
  m.stack.length = 0;
  m.stack.push(route);
}

/** Begins what a function does, and lets the script go on; the route hears of it when it is done. */
export function launch(
  m: ScriptMessage,
  run: (m: ScriptMessage) => MaybePromise<Code>,
  route: ((m: ScriptMessage) => MaybePromise<number>) | undefined,
  name: string,
  params: readonly Value[],
  variables: number,
): void {
  const apart = m.apart(variables);
  const report = async () => {
    apart.rc = code(await run(apart));
    if (route === undefined) return;
    apart.stack[0] = name;
    apart.params = params;
    await route(apart);
  };
  report().catch((fault: unknown) => m.program.faulted(fault, m.message.callId));
}
