import { performance } from 'node:perf_hooks';

/** Whose event loop is watched: this thread's, or a worker's, which knows its own. */
interface Loop {
  readonly eventLoopUtilization: typeof performance.eventLoopUtilization;
}

/** How much of the time the event loop of a thread was not idle. */
export class LoopUse {
  readonly #loop: Loop;
  #before: ReturnType<Loop['eventLoopUtilization']> | undefined;

  constructor(loop: Loop = performance) {
    this.#loop = loop;
  }

  /** The share of the time since it was last taken, or since the thread began, 0 to 1. */
  take(): number {
    const now = this.#loop.eventLoopUtilization();
    const since = this.#before ? this.#loop.eventLoopUtilization(now, this.#before) : now;
    this.#before = now;
    return since.utilization;
  }
}
