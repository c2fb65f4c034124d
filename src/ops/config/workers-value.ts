import { availableParallelism } from 'node:os';
import { MOST_WORKERS } from '../../net/worker-place.ts';

/** How many threads signal: a number, or one for each core of the machine. */
export type WorkersWish = number | 'auto';

export const WORKERS_HINT: string = `a whole number from 1 to ${MOST_WORKERS}, or auto: one for each core`;

/** As many as one says. */
export function workerCount(wish: WorkersWish): number {
  return wish === 'auto' ? Math.min(availableParallelism(), MOST_WORKERS) : wish;
}

/** @returns undefined for text that says no number of workers */
export function parseWorkers(text: string): WorkersWish | undefined {
  if (text === 'auto') return text;
  const count = Number(text);
  return /^\d{1,3}$/.test(text) && count >= 1 && count <= MOST_WORKERS ? count : undefined;
}
