import { execFile } from 'node:child_process';
import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { Clock, TimerHandle } from '../../../../base/clock.ts';
import { ServerError } from '../../../../base/errors.ts';
import { HandedOver } from '../../runtime/handed-over.ts';
import type { ServerServices } from '../../runtime/server-services.ts';
import { FifoRequests } from './fifo-requests.ts';
import { writeReply } from './reply-fifo.ts';

/** How often it is looked whether the FIFO is still there. */
const LOOK_MS = 30_000;
/** A request that is not whole by then was given up by its writer. */
const WHOLE_MS = 5_000;

const run = promisify(execFile);

export interface FifoSettings {
  readonly path: string;
  readonly mode: number;
  /** For `chown`: `user:group`; undefined as the server has it. */
  readonly owner: string | undefined;
}

/** What a script answers by. */
export interface FifoSite {
  readonly settings: FifoSettings;
  /** Where FIFOs for answers are. */
  readonly replies: string;
  answer(json: string): Promise<string | undefined>;
  log(text: string): void;
}

const doors = new HandedOver<FifoSite>();

/** @throws ServerError ADMIN_UNAVAILABLE where the FIFO cannot be made */
export function openFifo(services: ServerServices, site: FifoSite): Promise<AsyncDisposable> {
  const { path } = site.settings;
  return doors.use(services, path, site, (current) => FifoDoor.open(path, current, services.clock));
}

/** A FIFO that takes commands. */
class FifoDoor implements AsyncDisposable {
  readonly #path: string;
  readonly #current: () => FifoSite;
  readonly #clock: Clock;
  readonly #requests = new FifoRequests();
  #socket: Socket | undefined;
  #stats: Stats | undefined;
  #timer: TimerHandle | undefined;
  #lastBytes = 0;
  #closed = false;

  static async open(path: string, current: () => FifoSite, clock: Clock): Promise<FifoDoor> {
    const door = new FifoDoor(path, current, clock);
    await door.#make();
    door.#look();
    return door;
  }

  private constructor(path: string, current: () => FifoSite, clock: Clock) {
    this.#path = path;
    this.#current = current;
    this.#clock = clock;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#socket?.destroy();
    if (this.#found() === 'ours') unlinkSync(this.#path);
  }

  /** Somebody who tidies up may have taken it away. Another server's is left alone. */
  #look(): void {
    this.#timer = this.#clock.setTimer(LOOK_MS, () => {
      this.#look();
      if (this.#found() !== 'nothing') return;
      this.#make().catch((fault: unknown) => this.#current().log(String((fault as Error).message)));
    });
  }

  #found(): 'ours' | 'another' | 'nothing' {
    const now = lstatSync(this.#path, { throwIfNoEntry: false });
    if (now === undefined) return 'nothing';
    return now.ino === this.#stats?.ino && now.dev === this.#stats.dev ? 'ours' : 'another';
  }

  async #make(): Promise<void> {
    const { mode, owner } = this.#current().settings;
    try {
      if (isFifo(this.#path)) unlinkSync(this.#path);
      await run('mkfifo', ['-m', mode.toString(8), '--', this.#path]);
      if (owner !== undefined) await run('chown', ['-h', '--', owner, this.#path]);
      if (!this.#closed) this.#read();
    } catch (cause) {
      throw new ServerError('ADMIN_UNAVAILABLE', `mi_fifo: ${this.#path} cannot be made`, {
        hint: 'modparam("mi_fifo", "fifo_name", …) names a path where the server may make a FIFO and no file stands',
        cause,
      });
    }
  }

  /** Open for writing too: so it does not end when a writer has gone. */
  #read(): void {
    const fd = openSync(this.#path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stats = fstatSync(fd);
    if (!stats.isFIFO() || stats.nlink !== 1) {
      closeSync(fd);
      throw new Error('it is no FIFO of ours');
    }
    this.#socket?.destroy();
    this.#stats = stats;
    const socket = new Socket({ fd, readable: true, writable: false });
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#take(chunk));
    socket.on('error', (fault) => this.#current().log(`mi_fifo: ${fault.message}`));
  }

  #take(chunk: string): void {
    const now = this.#clock.now();
    if (this.#requests.incomplete && now - this.#lastBytes > WHOLE_MS) this.#requests.forget();
    this.#lastBytes = now;
    for (const { reply, json } of this.#requests.take(chunk)) void this.#answer(reply, json);
  }

  async #answer(reply: string, json: string): Promise<void> {
    const site = this.#current();
    const answer = await site.answer(json);
    if (answer === undefined || reply === '') return;
    const fault = await writeReply(site.replies, reply, answer, this.#clock);
    if (fault !== undefined) site.log(`mi_fifo: ${fault}`);
  }
}

/** @throws Error where something else stands there */
function isFifo(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats && !stats.isFIFO()) throw new Error('there is something else');
  return stats !== undefined;
}
