import { extname } from 'node:path';
import { type MessagePort, Worker as Thread } from 'node:worker_threads';
import type { Clock } from '../../base/clock.ts';
import { LoopUse } from '../../base/loop-use.ts';
import { ThreadLine } from './thread-line.ts';
import type { MainMethods, WorkerMethods, WorkerStart } from './worker-methods.ts';

/** The thread's program: a source in a checkout, compiled in a package. */
const THREAD = new URL(`./worker-thread${extname(import.meta.filename)}`, import.meta.url);
/** How long a worker may take to end its calls and close its sockets, in ms. */
const STOPPING_MS = 10_000;

/** A thread that signals, as the main thread sees it. */
export class Worker {
  readonly index: number;
  /** Calls its methods. */
  readonly line: ThreadLine<WorkerMethods>;
  readonly startedAt: number;
  /** Resolves with the reason when the thread has ended. */
  readonly ended: Promise<string>;
  readonly #thread: Thread;
  readonly #clock: Clock;
  readonly #loopUse: LoopUse;

  /** @param methods what it may call */
  constructor(start: WorkerStart, methods: MainMethods, clock: Clock) {
    this.index = start.place.index;
    this.startedAt = clock.now();
    this.#clock = clock;
    const ports: MessagePort[] = start.peers.map(({ port }) => port);
    // Options of the process may be about its own program, as --input-type is.
    const thread = new Thread(THREAD, {
      name: `worker ${this.index}`,
      workerData: start,
      transferList: ports,
      execArgv: [],
    });
    this.#thread = thread;
    this.#loopUse = new LoopUse(thread.performance);
    this.line = new ThreadLine<WorkerMethods>(thread, methods);
    let reason = '';
    thread.on('error', (error) => {
      reason = String((error as Error | undefined)?.stack ?? error);
    });
    this.ended = new Promise((resolve) => {
      thread.on('exit', (code) => {
        const why = reason || `it ended with code ${code}`;
        this.line.close(`worker ${this.index} has ended: ${why}`);
        resolve(why);
      });
    });
  }

  /** How busy its thread was since this was last asked, in percent. */
  busy(): number {
    return Math.round(this.#loopUse.take() * 100);
  }

  /** MiB of its heap. */
  async heap(): Promise<number> {
    const { used_heap_size: used } = await this.#thread.getHeapStatistics();
    return Math.round(used / 1_048_576);
  }

  /** Ends its calls, closes its sockets, and ends it; it is ended in any case. */
  async stop(): Promise<void> {
    const late = this.#clock.setTimer(STOPPING_MS, () => void this.#thread.terminate());
    // One that has ended by itself needs no more.
    await this.line.call('stop').catch(() => {});
    late.cancel();
    await this.#thread.terminate();
  }
}
