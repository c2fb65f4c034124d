import { performance } from 'node:perf_hooks';
import type { Sockets } from './sockets.ts';

/** How busy this thread was since it was last asked. */
export interface Load {
  /** The share of the time in which the event loop was not idle, 0 to 1. */
  readonly busy: number;
  /** The share of the time in which the thread had a processor, 0 to 1: less than `busy` where others have it. */
  readonly ran: number;
  /** How long every batch of datagrams of the most loaded socket had waited at least, in ms; undefined where nobody tells. */
  readonly waitedMs: number | undefined;
  /** Datagrams that the kernel has dropped because a socket's queue was full. */
  readonly lost: number;
}

/** Measures the load of this thread and its sockets. What is measured costs nothing between two questions. */
export class LoadMeter {
  readonly #sockets: Pick<Sockets, 'takeBacklog'>;
  #before = performance.eventLoopUtilization();
  #ran = process.threadCpuUsage();
  #since = performance.now();

  constructor(sockets: Pick<Sockets, 'takeBacklog'>) {
    this.#sockets = sockets;
  }

  take(): Load {
    const now = performance.eventLoopUtilization();
    const busy = performance.eventLoopUtilization(now, this.#before).utilization;
    this.#before = now;
    const { user, system } = process.threadCpuUsage(this.#ran);
    const passed = performance.now() - this.#since;
    this.#ran = process.threadCpuUsage();
    this.#since += passed;
    const ran = passed > 0 ? Math.min(1, (user + system) / 1000 / passed) : 0;
    return { busy, ran, ...this.#sockets.takeBacklog() };
  }
}
