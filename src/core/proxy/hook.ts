import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.ts';
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

/** A 2xx is repeated for 32 s, and its caller hears nothing meanwhile. */
const PATIENCE_MS = 10_000;

/** Goes on once: when a hook that waits is done, or has had 10 s. What is thrown then is counted and logged. */
export function whenDone(
  waiting: Promise<void>,
  wheel: TimerWheel,
  counters: TransactionCounters,
  goOn: () => void,
): void {
  let gone = false;
  const once = (): void => {
    if (gone) return;
    gone = true;
    wheel.cancel(patience);
    try {
      goOn();
    } catch (fault) {
      userFault(counters, fault);
    }
  };
  const patience = new WheelTimer(once);
  wheel.arm(patience, PATIENCE_MS);
  waiting.then(once);
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
