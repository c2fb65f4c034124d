import { extname } from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { channels, logLine } from '../../base/channels.ts';
import type { Clock, TimerHandle } from '../../base/clock.ts';
import { type ErrorCode, ServerError } from '../../base/errors.ts';
import { RestartDelays } from '../../base/restart-delays.ts';
import type { RelayProgram } from './relay-program.ts';
import type { ThreadOrder, ThreadReport } from './thread-message.ts';

/** The thread's program: a source in a checkout, compiled in a package. */
const THREAD = new URL(`./relay-thread${extname(import.meta.filename)}`, import.meta.url);
/** How long a thread may take to complete its files, in ms. */
const STOPPING_MS = 10_000;

/**
 * The relay in a thread of its own, so that a burst of signalling never delays media. It is commanded over MessagePorts
 * (`port-message.ts`), by the very commands that `viaduct relay` takes. A thread that crashes is started again: its calls
 * have lost their media, and its ports close, so that whoever commands finds out and asks for another.
 */
export class EmbeddedRelay implements AsyncDisposable {
  readonly #program: RelayProgram;
  readonly #clock: Clock;
  readonly #thread: URL;
  #worker: Worker | undefined;
  /** Ports that wait for the next thread. */
  #waiting: MessagePort[] = [];
  #startedAt = 0;
  readonly #delays = new RestartDelays();
  #restarts = 0;
  #restart: TimerHandle | undefined;
  #disposed = false;

  private constructor(program: RelayProgram, clock: Clock, thread: URL) {
    this.#thread = thread;
    this.#program = program;
    this.#clock = clock;
  }

  /**
   * Resolves when the thread runs.
   * @param thread a program that takes the same orders, for tests
   * @throws ServerError with what keeps it from starting; NET_LISTEN_FAILED where the thread breaks
   */
  static async start(program: RelayProgram, clock: Clock, thread: URL = THREAD): Promise<EmbeddedRelay> {
    const relay = new EmbeddedRelay(program, clock, thread);
    await relay.#run();
    return relay;
  }

  /** Called when a thread that crashed was started again: it knows of no call. */
  restarted: (() => void) | undefined = undefined;

  /** How often the thread crashed and was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /**
   * Opens another port to the relay, for commands and notifications. It closes when the thread ends.
   * @throws Error after the end
   */
  async connect(): Promise<MessagePort> {
    if (this.#disposed) throw new Error('the embedded relay has ended');
    const { port1, port2 } = new MessageChannel();
    if (this.#worker) this.#hand(port2);
    else this.#waiting.push(port2);
    return port1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#restart?.cancel();
    for (const port of this.#waiting.splice(0)) port.close();
    const worker = this.#worker;
    if (!worker) return;
    this.#worker = undefined;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage({ kind: 'stop' } satisfies ThreadOrder);
    const timer = this.#clock.setTimer(STOPPING_MS, () => void worker.terminate());
    await ended;
    timer.cancel();
  }

  #run(): Promise<void> {
    // Options of the process may be about its own program, as --input-type is.
    const worker = new Worker(this.#thread, { name: 'relay', workerData: this.#program, execArgv: [] });
    const started = Promise.withResolvers<void>();
    let isRunning = false;
    worker.on('message', (report: ThreadReport) => {
      if (report.kind === 'log') channels.log.publish(report.line);
      else if (report.kind === 'recording') channels.recording.publish(report.event);
      else if (report.kind === 'started') {
        isRunning = true;
        this.#startedAt = this.#clock.now();
        this.#worker = worker;
        for (const port of this.#waiting.splice(0)) this.#hand(port);
        started.resolve();
      } else {
        const { code, message, hint } = report;
        started.reject(new ServerError(code as ErrorCode, message, hint === undefined ? {} : { hint }));
        void worker.terminate();
      }
    });
    worker.on('error', (error) => {
      // Its ports are closing: who asks for another one waits for the next thread.
      if (this.#worker === worker) this.#worker = undefined;
      logLine('error', 'relay', `the thread of the media relay broke: ${String(error)}`, { error });
      started.reject(
        new ServerError('NET_LISTEN_FAILED', `the media relay broke: ${String(error)}`, { cause: error }),
      );
    });
    worker.on('exit', () => {
      started.reject(new ServerError('NET_LISTEN_FAILED', 'the media relay ended'));
      if (isRunning) this.#ended(worker);
    });
    return started.promise;
  }

  #ended(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined;
    if (this.#disposed) return;
    this.#startAgain(this.#clock.now() - this.#startedAt);
  }

  #startAgain(ranMs: number): void {
    const delay = this.#delays.next(ranMs);
    logLine(
      'error',
      'relay',
      `the media relay ended, and its calls lost their media; it starts again in ${delay} ms`,
    );
    this.#restart = this.#clock.setTimer(delay, () => {
      this.#restart = undefined;
      this.#run().then(
        () => {
          this.#restarts++;
          logLine('warn', 'relay', 'the media relay runs again');
          // It may have been disposed of meanwhile.
          if (this.#disposed) void this[Symbol.asyncDispose]();
          else this.restarted?.();
        },
        () => {
          if (!this.#disposed) this.#startAgain(0);
        },
      );
    });
  }

  #hand(port: MessagePort): void {
    this.#worker!.postMessage({ kind: 'connect', port } satisfies ThreadOrder, [port]);
  }
}
