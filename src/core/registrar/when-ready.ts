import type { MaybePromise } from './location-store.ts';

/** Goes on with a value: at once where it is there, else when it comes. Costs no promise where nothing waits. */
export function whenReady<T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}
