import type { RouteKind } from '../frame/route-kind.ts';

/** The words that route blocks begin with. */
const WORDS: ReadonlyMap<string, RouteKind> = new Map([
  ['route', 'request'],
  ['request_route', 'request'],
  ['failure_route', 'failure'],
  ['onreply_route', 'onreply'],
  ['branch_route', 'branch'],
  ['error_route', 'error'],
  ['local_route', 'local'],
  ['startup_route', 'startup'],
  ['timer_route', 'timer'],
  ['event_route', 'event'],
]);

export function isRouteWord(word: string): boolean {
  return WORDS.has(word);
}

export function routeKind(word: string): RouteKind | undefined {
  return WORDS.get(word);
}

/** How a block of that kind is written. */
export function routeWord(kind: RouteKind): string {
  return kind === 'request' ? 'route' : `${kind}_route`;
}
