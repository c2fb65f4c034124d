import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import { type TimerWheel, WheelTimer } from '../base/timer-wheel.ts';
import type { Network } from '../net/network.ts';
import type { Lingerer } from './lingering.ts';
import type { TransactionTimers } from './timers.ts';
import type { TransactionCounters } from './transaction-counters.ts';

/** What every machine of one layer shares. */
export interface MachineContext {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly ids: IdSource;
  readonly timers: TransactionTimers;
  readonly counters: TransactionCounters;
  readonly network: () => Network;
}

/** A machine has two timers, each with one meaning per state. The second is there only while it is needed. */
export abstract class TimedMachine implements Lingerer {
  lingersAt = -1;
  protected readonly context: MachineContext;
  readonly #wait: MachineTimer = new MachineTimer(this);
  #retransmit: MachineTimer | undefined = undefined;

  constructor(context: MachineContext) {
    this.context = context;
  }

  /** Timers A, E and G, and the one that sends 100. */
  abstract retransmitDue(): void;
  /** Timers B, F and H, which give up, and D, I, J, K, L and M, which wait for stragglers. */
  abstract waitOver(): void;

  /** @internal */
  expired(timer: MachineTimer): void {
    if (timer === this.#wait) this.waitOver();
    else this.retransmitDue();
  }

  protected armWait(delayMs: number): void {
    this.context.wheel.arm(this.#wait, delayMs);
  }

  protected armRetransmit(delayMs: number): void {
    this.#retransmit ??= new MachineTimer(this);
    this.context.wheel.arm(this.#retransmit, delayMs);
  }

  protected get retransmitArmed(): boolean {
    return this.#retransmit?.armed === true;
  }

  protected stopRetransmit(): void {
    if (this.#retransmit === undefined) return;
    this.context.wheel.cancel(this.#retransmit);
    this.#retransmit = undefined;
  }

  protected stopTimers(): void {
    this.stopRetransmit();
    this.context.wheel.cancel(this.#wait);
  }
}

/** One class for both, for the wheel walks lists of them: objects of one shape are read fastest. */
class MachineTimer extends WheelTimer {
  readonly #machine: TimedMachine;

  constructor(machine: TimedMachine) {
    super();
    this.#machine = machine;
  }

  override onExpire(): void {
    this.#machine.expired(this);
  }
}
