import type { Clock, TimerHandle } from './clock.ts';

/**
 * A timer that lives inside its owner, so that arming it allocates nothing. A node is in at most one wheel.
 * Subclasses, or owners through {@link WheelTimer.onExpire}, say what happens.
 */
export class WheelTimer {
  /** Absolute time in ms at which it falls due; -1 when it is not armed. */
  due = -1;
  next: WheelTimer | undefined = undefined;
  prev: WheelTimer | undefined = undefined;
  readonly #expire: () => void;

  constructor(expire: () => void = nothing) {
    this.#expire = expire;
  }

  get armed(): boolean {
    return this.due >= 0;
  }

  onExpire(): void {
    this.#expire();
  }
}

/** A power of two. */
const SLOTS = 1024;

function nothing(): void {}

/**
 * A hashed timer wheel (one tick is 50 ms by default): arming and cancelling are O(1), and one clock timer serves
 * all. A timer fires at the first tick at or after its time, so up to one tick late, never early. The wheel stands
 * still while nothing is armed.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #slots: WheelTimer[] = [];
  #armed = 0;
  #lastTick: number;
  #ticker: TimerHandle | undefined;

  constructor(clock: Clock, tickMs = 50) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#lastTick = Math.floor(clock.now() / tickMs);
    for (let i = 0; i < SLOTS; i++) {
      const head = new WheelTimer();
      head.next = head;
      head.prev = head;
      this.#slots.push(head);
    }
  }

  /** How many timers are armed. */
  get size(): number {
    return this.#armed;
  }

  /** Arms `timer` to fire in `delayMs`; one that was armed already is moved. */
  arm(timer: WheelTimer, delayMs: number): void {
    if (timer.due >= 0) this.#unlink(timer);
    const now = this.#clock.now();
    if (this.#armed === 0) this.#lastTick = Math.floor(now / this.#tickMs);
    timer.due = now + Math.max(0, delayMs);
    const tick = Math.max(Math.ceil(timer.due / this.#tickMs), this.#lastTick + 1);
    const head = this.#slots[tick & (SLOTS - 1)]!;
    timer.prev = head.prev;
    timer.next = head;
    head.prev!.next = timer;
    head.prev = timer;
    this.#armed++;
    if (this.#ticker === undefined) this.#run();
  }

  /** Sees to it that `timer` fires no later than at `due` by the clock; one that fires earlier anyway is left alone. */
  armBy(timer: WheelTimer, due: number): void {
    if (!timer.armed || timer.due > due) this.arm(timer, due - this.#clock.now());
  }

  cancel(timer: WheelTimer): void {
    if (timer.due >= 0) this.#unlink(timer);
  }

  /** Forgets every timer and stops ticking. */
  close(): void {
    for (const head of this.#slots) {
      while (head.next !== head) this.#unlink(head.next!);
    }
    this.#ticker?.cancel();
    this.#ticker = undefined;
  }

  #unlink(timer: WheelTimer): void {
    timer.prev!.next = timer.next;
    timer.next!.prev = timer.prev;
    timer.next = undefined;
    timer.prev = undefined;
    timer.due = -1;
    this.#armed--;
  }

  #run(): void {
    const wait = (this.#lastTick + 1) * this.#tickMs - this.#clock.now();
    this.#ticker = this.#clock.setTimer(Math.max(1, wait), () => {
      this.#ticker = undefined;
      this.#turn();
      if (this.#armed > 0 && this.#ticker === undefined) this.#run();
    });
  }

  #turn(): void {
    const now = this.#clock.now();
    const target = Math.floor(now / this.#tickMs);
    // After a long stall every slot is visited once; visiting one twice would find nothing more.
    const first = Math.max(this.#lastTick + 1, target - SLOTS + 1);
    for (let tick = first; tick <= target; tick++) {
      this.#lastTick = tick;
      const head = this.#slots[tick & (SLOTS - 1)]!;
      let timer = head.next!;
      while (timer !== head) {
        // The next one is taken afresh after each firing, for a firing may cancel its neighbours.
        if (timer.due <= now) {
          this.#unlink(timer);
          timer.onExpire();
          timer = head.next!;
        } else {
          timer = timer.next!;
        }
      }
    }
    this.#lastTick = Math.max(this.#lastTick, target);
  }
}
