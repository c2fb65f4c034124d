// Server and load each have a processor core of their own.
import { availableParallelism } from 'node:os';
import { loadReason } from './sipload.ts';

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

/** Why calls cannot be measured here; undefined where they can. */
export function benchReason(): string | undefined {
  return availableParallelism() < 2 ? 'two processor cores are needed' : loadReason();
}
