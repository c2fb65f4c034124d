import type { Clock } from './clock.ts';

/** @returns what the promise comes to, or undefined where that takes longer: then it goes on, and nobody hears of it */
export async function within<T>(promise: Promise<T>, clock: Clock, ms: number): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = clock.setTimer(ms, () => late.resolve(undefined));
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    timer.cancel();
  }
}
