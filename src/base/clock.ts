/** A one-shot timer that was set on a {@link Clock}. */
export interface TimerHandle {
  /** Stops the timer; does nothing once it has fired. */
  cancel(): void;
}

/** Time as a parameter: everything that waits or measures takes one, so that tests own the time. */
export interface Clock {
  /** Milliseconds of a clock that never goes back; only differences mean anything. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC. */
  wallNow(): number;
  /** Calls `fire` once after `delayMs` milliseconds. */
  setTimer(delayMs: number, fire: () => void): TimerHandle;
}

/** The machine's own time. Its timers never hold the process open: listeners do that. */
export class SystemClock implements Clock {
  now(): number {
    return performance.now();
  }

  wallNow(): number {
    return Date.now();
  }

  setTimer(delayMs: number, fire: () => void): TimerHandle {
    const timer = setTimeout(fire, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }
}
