/** How long a thread that crashed waits before it is started again, in ms; longer each time, up to the last. */
const DELAYS: readonly number[] = [0, 500, 1000, 2000, 5000, 15_000];
/** What ran so long has not crashed because of its start. */
const STEADY_MS = 60_000;

/** Says when something that ended by itself is started again. */
export class RestartDelays {
  #crashes = 0;

  /** @param ranMs how long it ran; 0 where it did not start. @returns milliseconds */
  next(ranMs: number): number {
    if (ranMs > STEADY_MS) this.#crashes = 0;
    return DELAYS[Math.min(this.#crashes++, DELAYS.length - 1)]!;
  }
}
