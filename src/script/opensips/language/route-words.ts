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

export const ROUTE_WORDS: readonly string[] = [...WORDS.keys()];

export function routeKind(word: string): RouteKind | undefined {
  return WORDS.get(word);
}

/** `a route`, `an error_route` */
export function aRoute(kind: RouteKind): string {
  const word = routeWord(kind);
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}

/** How a block of that kind is written. */
export function routeWord(kind: RouteKind): string {
  return kind === 'request' ? 'route' : `${kind}_route`;
}

/** `failure_route[missed]` */
export function routeTitle(kind: RouteKind, name: string): string {
  return name === '' ? routeWord(kind) : `${routeWord(kind)}[${name}]`;
}
