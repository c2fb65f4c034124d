import type { Routes } from './api/routes.ts';
import type { Position, PositionMap } from './fault-position.ts';

/** A routing program with what is needed to say where in its sources something happened. */
export interface Program {
  readonly routes: Routes;
  /** The files that it was made of, as they appear in stacks. */
  readonly files: readonly string[];
  /** Where code that runs was written. */
  readonly origin: PositionMap;
}

/** A program of routes that are there already, as the default ones and those of tests. */
export function programOf(routes: Routes, files: readonly string[] = []): Program {
  return { routes, files, origin: (position: Position) => position };
}
