import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import { type TimerWheel, WheelTimer } from '../base/timer-wheel.ts';
import type { Network } from '../net/network.ts';
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

/** A machine has two timers, each with one meaning per state. */
export interface TimedMachine {
  /** Timers A, E and G, and the one that sends 100. */
  retransmitDue(): void;
  /** Timers B, F and H, which give up, and D, I, J, K, L and M, which wait for stragglers. */
  waitOver(): void;
}

function nothing(): void {}

export class RetransmitTimer extends WheelTimer {
  readonly #machine: TimedMachine;

  constructor(machine: TimedMachine) {
    super(nothing);
    this.#machine = machine;
  }

  override onExpire(): void {
    this.#machine.retransmitDue();
  }
}

export class WaitTimer extends WheelTimer {
  readonly #machine: TimedMachine;

  constructor(machine: TimedMachine) {
    super(nothing);
    this.#machine = machine;
  }

  override onExpire(): void {
    this.#machine.waitOver();
  }
}
