import { MessageChannel } from 'node:worker_threads';
import type { AdvertiseSettings, AdvertiseSnapshot } from '../../advertise/advertise.ts';
import { logLine } from '../../base/channels.ts';
import type { Clock, TimerHandle } from '../../base/clock.ts';
import { RestartDelays } from '../../base/restart-delays.ts';
import { SharedLocks } from '../../base/shared-locks.ts';
import { SharedNonceCounts } from '../../core/auth/shared-nonce-counts.ts';
import type { Listener } from '../../net/listener.ts';
import type { ServerConfig } from '../../ops/config/server-config.ts';
import type { OneAtATime } from '../one-at-a-time.ts';
import { type Portable, pack } from './portable.ts';
import { packConfig } from './portable-config.ts';
import { Worker } from './worker.ts';
import type { MainMethods, PeerPort, Present, WorkerStart } from './worker-methods.ts';

export interface WorkersOptions {
  readonly count: number;
  readonly clock: Clock;
  readonly methods: MainMethods;
  /** The same for all. */
  readonly common: Pick<WorkerStart, 'bootId' | 'loopSalt' | 'hasRelay'>;
  /** In force now. */
  readonly config: () => ServerConfig;
  /** Starts wait for reloads and the other way round, so that nobody misses one. */
  readonly turns: OneAtATime;
  /** To be opened by the first; the others open what it has. */
  readonly listeners: readonly Listener[];
  /** What has been printed by any of them, and by earlier runs. */
  readonly printed: () => AdvertiseSnapshot;
}

/** One index: who has it, and how often one that had it has ended by itself. */
interface Seat {
  worker: Worker | undefined;
  /** Whether it handles requests. */
  running: boolean;
  readonly delays: RestartDelays;
  restart: TimerHandle | undefined;
  crashes: number;
  /** How often one was made for it. */
  lives: number;
}

/**
 * All workers. One that ends by itself is started again in its place; what it had is lost, and the others go on. Each has
 * a line to each other, so that nothing passes by the main thread.
 */
export class Workers implements AsyncDisposable {
  readonly #options: WorkersOptions;
  readonly #nonces: SharedArrayBuffer;
  readonly #writing = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #seats: readonly Seat[];
  #closing = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#nonces = SharedNonceCounts.allocate(options.clock.wallNow());
    this.#seats = Array.from({ length: options.count }, () => ({
      worker: undefined,
      running: false,
      delays: new RestartDelays(),
      restart: undefined,
      crashes: 0,
      lives: 0,
    }));
  }

  /**
   * Starts all of them, or none: the first alone, for what is wrong is wrong for all.
   * @throws ServerError as the first of them does that cannot start
   */
  async start(): Promise<{ readonly datagrams: string }> {
    const { config, listeners } = this.#options;
    const present: Present = { listeners, advertise: pack(config().advertise) };
    const first = await this.#begin(0, present, []);
    const others = this.#seats.slice(1).map((_, i) => this.#begin(i + 1, present, this.present));
    for (const { worker } of [first, ...(await Promise.all(others))]) await this.#open(worker);
    return first;
  }

  get count(): number {
    return this.#seats.length;
  }

  /** Those that handle requests now, by their index. */
  get running(): readonly Worker[] {
    return this.#seats.flatMap(({ worker, running }) => (worker && running ? [worker] : []));
  }

  /** The one that handles what belongs to an index, where it runs. */
  at(index: number): Worker | undefined {
    const { worker, running } = this.#seats[index]!;
    return running ? worker : undefined;
  }

  crashesOf(index: number): number {
    return this.#seats[index]!.crashes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    for (const { restart } of this.#seats) restart?.cancel();
    await Promise.all(this.#seats.map(({ worker }) => worker?.stop()));
  }

  /** Those that run, and those that start. */
  get present(): readonly Worker[] {
    return this.#seats.flatMap(({ worker }) => worker ?? []);
  }

  /** @param others whom it can talk to at once; those that come later are told of it */
  async #begin(
    index: number,
    present: Present,
    others: readonly Worker[],
  ): Promise<{ readonly worker: Worker; readonly datagrams: string }> {
    const seat = this.#seats[index]!;
    const { count, clock, methods, common, config, printed } = this.#options;
    const peers: PeerPort[] = [];
    const told = others.map((other) => {
      const { port1, port2 } = new MessageChannel();
      peers.push({ index: other.index, port: port1 });
      // One that ends meanwhile meets the new one when it is back.
      return other.line.call('attach', index, port2).catch(() => {});
    });
    // What they change from now on reaches it: it reads what they have changed before.
    if (this.running.length > 0) await Promise.all(told);
    const worker = new Worker(
      {
        ...common,
        place: { index, count, life: seat.lives++ },
        config: packConfig(config()),
        nonces: this.#nonces,
        writing: this.#writing,
        peers,
        printed: printed(),
        present,
      },
      methods,
      clock,
    );
    seat.worker = worker;
    void worker.ended.then((reason) => this.#ended(worker, reason));
    return { worker, ...(await worker.line.call('start')) };
  }

  /** Rejects where it has ended since it began. */
  async #open(worker: Worker): Promise<void> {
    await worker.line.call('open');
    this.#seats[worker.index]!.running = true;
  }

  #ended(worker: Worker, reason: string): void {
    const { index } = worker;
    const seat = this.#seats[index]!;
    if (seat.worker !== worker) return;
    const wasRunning = seat.running;
    seat.worker = undefined;
    seat.running = false;
    // It may have held them.
    new SharedNonceCounts(this.#nonces, index).release(index);
    new SharedLocks(this.#writing, index).release(index);
    for (const other of this.present) other.line.tell('detach', index);
    // One that ends while it starts ends the start, or is started again by whoever did.
    if (this.#closing || !wasRunning) return;
    seat.crashes++;
    this.#startAgain(
      index,
      this.#options.clock.now() - worker.startedAt,
      'ended, and what it had under way',
      reason,
    );
  }

  #startAgain(index: number, ranMs: number, what: string, reason: string): void {
    const seat = this.#seats[index]!;
    const delay = seat.delays.next(ranMs);
    logLine('error', 'workers', `worker ${index} ${what}; it is started again in ${delay} ms`, {
      reason,
    });
    seat.restart = this.#options.clock.setTimer(delay, () => {
      seat.restart = undefined;
      void this.#options.turns.run(() => this.#restart(index));
    });
  }

  async #restart(index: number): Promise<void> {
    const { config, listeners } = this.#options;
    if (this.#closing) return;
    try {
      const there = this.running[0];
      const present = there
        ? await there.line.call('present')
        : { listeners, advertise: pack(config().advertise) as Portable<AdvertiseSettings> };
      const { worker } = await this.#begin(index, present, this.present);
      await this.#open(worker);
      logLine('warn', 'workers', `worker ${index} runs again`);
    } catch (error) {
      if (this.#closing) return;
      await this.#seats[index]!.worker?.stop();
      this.#startAgain(index, 0, 'does not start', error instanceof Error ? error.message : String(error));
    }
  }
}
