import { ServerError } from '../../../base/errors.ts';
import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';

/** Runs what needs a database for a function of the script: where that fails, the fault is logged, and `otherwise` comes. */
export function attempt<T>(
  m: ScriptMessage,
  name: string,
  job: () => MaybePromise<T>,
  otherwise: T,
): MaybePromise<T> {
  const failed = (error: unknown): T => {
    if (!(error instanceof ServerError)) throw error;
    m.program.log('error', `${name}: ${error.message}`, m.message.callId);
    return otherwise;
  };
  try {
    const result = job();
    return result instanceof Promise ? result.catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
}
