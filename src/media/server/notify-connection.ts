import { connect, type Socket } from 'node:net';
import { logLine } from '../../base/channels.ts';
import type { Clock, TimerHandle } from '../../base/clock.ts';
import type { NotifySocket } from '../../wire/rtpproxy/notification.ts';

/** Lines that wait for one listener; beyond them the oldest goes. */
const MOST_WAITING = 1000;
/** After these, in ms, a listener that cannot be reached is tried again; then its lines are given up. */
const RETRIES: readonly number[] = [500, 1000, 2000, 4000, 8000];

/** What became of notifications; the numbers only grow. */
export interface NotifyCounters {
  /** Lines given to the system. */
  sent: number;
  /** Lines dropped because too many waited, or nobody listened for too long. */
  dropped: number;
  /** Connections that failed or broke. */
  failures: number;
}

/** Lines to one notify socket: connects when there is something to say, and again where that fails. */
export class NotifyConnection implements AsyncDisposable {
  readonly #target: NotifySocket;
  readonly #clock: Clock;
  readonly #counters: NotifyCounters;
  #waiting: string[] = [];
  #socket: Socket | undefined;
  #isOpen = false;
  #failed = 0;
  #retry: TimerHandle | undefined;
  #disposed = false;

  constructor(target: NotifySocket, clock: Clock, counters: NotifyCounters) {
    this.#target = target;
    this.#clock = clock;
    this.#counters = counters;
  }

  /** @param line with its end */
  send(line: string): void {
    if (this.#disposed) return;
    if (this.#waiting.length >= MOST_WAITING) {
      this.#waiting.shift();
      this.#counters.dropped++;
    }
    this.#waiting.push(line);
    if (this.#isOpen) this.#flush();
    else if (!this.#socket && !this.#retry) this.#connect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#retry?.cancel();
    this.#drop();
    const socket = this.#socket;
    if (!socket || socket.destroyed) return;
    // What was written shall still arrive, from a peer that reads.
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    if (this.#isOpen && socket.writableLength === 0) socket.end(() => socket.destroy());
    else socket.destroy();
    await closed;
  }

  #connect(): void {
    const target = this.#target;
    const socket = target.kind === 'unix' ? connect(target.path) : connect(target.port, target.host);
    this.#socket = socket;
    socket.on('connect', () => {
      this.#isOpen = true;
      this.#failed = 0;
      this.#flush();
    });
    socket.on('drain', () => this.#flush());
    socket.on('error', (error) => {
      this.#counters.failures++;
      logLine('warn', 'relay', `notify socket ${describe(target)}: ${error.message}`);
    });
    // Nobody answers notifications; reading on is what shows that the peer has gone.
    socket.resume();
    socket.on('close', () => this.#closed());
  }

  #closed(): void {
    this.#socket = undefined;
    this.#isOpen = false;
    if (this.#disposed || this.#waiting.length === 0) return;
    const delay = RETRIES[this.#failed++];
    if (delay === undefined) {
      this.#failed = 0;
      this.#drop();
      return;
    }
    this.#retry = this.#clock.setTimer(delay, () => {
      this.#retry = undefined;
      this.#connect();
    });
  }

  #flush(): void {
    const socket = this.#socket!;
    while (this.#waiting.length > 0 && !socket.writableNeedDrain) {
      const lines = this.#waiting;
      this.#waiting = [];
      this.#counters.sent += lines.length;
      socket.write(lines.join(''), 'latin1');
    }
  }

  #drop(): void {
    this.#counters.dropped += this.#waiting.length;
    this.#waiting = [];
  }
}

function describe(target: NotifySocket): string {
  return target.kind === 'unix' ? `unix:${target.path}` : `tcp:${target.host}:${target.port}`;
}
