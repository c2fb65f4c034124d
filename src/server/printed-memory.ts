import type { Advertise } from '../advertise/advertise.ts';
import { logLine } from '../base/channels.ts';
import type { Clock, TimerHandle } from '../base/clock.ts';
import type { Storage } from './storage.ts';

const EVERY_MS = 60_000;

/** Writes down now and then, and at the end, what has been printed, so that it is own after a restart. */
export class PrintedMemory implements Disposable {
  readonly #advertise: Advertise;
  readonly #storage: Storage;
  readonly #clock: Clock;
  #timer: TimerHandle | undefined;

  constructor(advertise: Advertise, storage: Storage, clock: Clock) {
    this.#advertise = advertise;
    this.#storage = storage;
    this.#clock = clock;
    this.#nowAndThen();
  }

  write(): void {
    try {
      this.#storage.remember(this.#advertise);
    } catch (error) {
      logLine('error', 'server', 'printed addresses could not be stored', { error: String(error) });
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.write();
  }

  #nowAndThen(): void {
    this.write();
    this.#timer = this.#clock.setTimer(EVERY_MS, () => this.#nowAndThen());
  }
}
