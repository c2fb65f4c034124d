import { nearest } from '../../../base/nearest.ts';
import type { Faults } from '../language/faults.ts';
import { routeTitle } from '../language/route-words.ts';

/** What to write instead of a word that is none of those that may stand there. */
export function choiceHint(word: string, known: readonly string[]): string | undefined {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean ${near}?`;
  return known.length > 0 ? `there are ${known.join(', ')}` : undefined;
}

/** Complains of a route that `route(NAME)` cannot find. */
export function noRoute(faults: Faults, start: number, name: string, known: readonly string[]): void {
  faults.error(start, `there is no ${routeTitle('request', name)}`, choiceHint(name, known));
}
