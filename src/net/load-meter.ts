import { LoopUse } from '../base/loop-use.ts';
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
  readonly #loopUse = new LoopUse();
  #ran = process.threadCpuUsage();
  #since = performance.now();

  constructor(sockets: Pick<Sockets, 'takeBacklog'>) {
    this.#sockets = sockets;
    // What was done before is not part of the first answer.
    this.#loopUse.take();
  }

  take(): Load {
    const ran = process.threadCpuUsage();
    const now = performance.now();
    const ranMs = (ran.user + ran.system - this.#ran.user - this.#ran.system) / 1000;
    const share = now > this.#since ? Math.min(1, ranMs / (now - this.#since)) : 0;
    this.#ran = ran;
    this.#since = now;
    return { busy: this.#loopUse.take(), ran: share, ...this.#sockets.takeBacklog() };
  }
}
