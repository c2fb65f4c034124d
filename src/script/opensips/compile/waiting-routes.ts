import type { RouteBlock } from '../language/ast.ts';
import type { Scope } from './scope.ts';
import type { Calls } from './walk.ts';

/**
 * A route waits where it calls a function that may, or a route that does.
 * @param calls what each route of the script calls
 */
export function waitingRoutes(calls: ReadonlyMap<RouteBlock, Calls>, scope: Scope): ReadonlySet<RouteBlock> {
  const waiting = new Set<RouteBlock>();
  const callable = new Map(
    [...calls.keys()].filter(({ kind }) => kind === 'request').map((it) => [it.name, it]),
  );
  for (const [route, { functions, async }] of calls) {
    const waits = functions.some(({ name }) => scope.function(name)?.spec.waits === true);
    if (waits || async.some(({ kind }) => kind === 'async')) waiting.add(route);
  }
  const reaches = ({ name }: Calls['routes'][number]): boolean => {
    const fixed = name.kind === 'number' || (name.kind === 'string' && !name.text.includes('$'));
    if (!fixed) return [...waiting].some(({ kind }) => kind === 'request');
    const route = callable.get(name.text);
    return route !== undefined && waiting.has(route);
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const [route, { routes }] of calls) {
      if (waiting.has(route) || !routes.some(reaches)) continue;
      waiting.add(route);
      changed = true;
    }
  }
  return waiting;
}
