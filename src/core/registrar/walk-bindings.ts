import type { Clock } from '../../base/clock.ts';
import type { Binding } from './location-store.ts';

const SLICE = 2000;

/** Visits every binding, and lets other work in between after each slice. */
export async function walkBindings(
  bindings: Iterable<Binding> | AsyncIterable<Binding>,
  clock: Clock,
  visit: (binding: Binding) => void,
): Promise<void> {
  if (Symbol.asyncIterator in bindings) {
    for await (const binding of bindings) visit(binding);
    return;
  }
  let left = SLICE;
  for (const binding of bindings) {
    visit(binding);
    if (--left > 0) continue;
    left = SLICE;
    await pause(clock);
  }
}

/** Lets other work in between. */
export function pause(clock: Clock, ms = 1): Promise<void> {
  return new Promise((resolve) => clock.setTimer(ms, resolve));
}
