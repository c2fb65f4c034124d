import type { TransactionCounters } from '../../transaction/transaction-counters.ts';
import { userFault } from '../../transaction/user-fault.ts';
import type { MaybePromise } from '../registrar/location-store.ts';

/** Called with something on its way, which waits while the promise does that it may return. */
export type Hook<View> = (view: View) => MaybePromise<void>;

/**
 * Calls a hook. What it throws or rejects with is counted and logged, and harms nobody: then all goes on as if it had
 * returned.
 * @returns a promise that never rejects where the hook waits; undefined where it is done
 */
export function runHook<View>(
  hook: Hook<View> | undefined,
  view: View,
  counters: TransactionCounters,
): Promise<void> | undefined {
  if (hook === undefined) return undefined;
  try {
    const waiting = hook(view);
    return waiting instanceof Promise
      ? waiting.catch((fault: unknown) => userFault(counters, fault))
      : undefined;
  } catch (fault) {
    userFault(counters, fault);
    return undefined;
  }
}

/** One hook after the other, for each a view of its own or the same; promises only where one waits. */
export function inTurn<View>(
  first: Hook<View> | undefined,
  second: Hook<View> | undefined,
  counters: TransactionCounters,
): Hook<View> | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return (view) => {
    const waiting = runHook(first, view, counters);
    return waiting ? waiting.then(() => second(view)) : second(view);
  };
}
