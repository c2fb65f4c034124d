import type { TimerWheel } from '../../base/timer-wheel.ts';
import type { TransactionCounters } from '../../transaction/transaction-counters.ts';
import { userFault } from '../../transaction/user-fault.ts';
import type { ReplyView } from './fork-options.ts';
import { type Hook, runHook, whenDone } from './hook.ts';
import type { PassingAnswer } from './passing-answer.ts';

/** How many may stand behind one that waits; a 2xx beyond is repeated by its user agent. */
const MOST_WAITING = 32;

/** The answers of one fork on their way through a hook that may wait: one after the other, in the order they came in. */
export class AnswerQueue {
  readonly #hook: Hook<ReplyView> | undefined;
  readonly #pass: (answer: PassingAnswer) => void;
  readonly #wheel: TimerWheel;
  readonly #counters: TransactionCounters;
  readonly #waiting: PassingAnswer[] = [];
  /** The hook has an answer. */
  #busy = false;

  constructor(
    hook: Hook<ReplyView> | undefined,
    pass: (answer: PassingAnswer) => void,
    wheel: TimerWheel,
    counters: TransactionCounters,
  ) {
    this.#hook = hook;
    this.#pass = pass;
    this.#wheel = wheel;
    this.#counters = counters;
  }

  push(answer: PassingAnswer): void {
    if (this.#waiting.length >= MOST_WAITING && answer.response.status < 300) return;
    this.#waiting.push(answer);
    if (!this.#busy) this.#next();
  }

  #next(): void {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const answer = this.#waiting.shift()!;
      const waiting = runHook(this.#hook, answer, this.#counters);
      if (waiting) {
        whenDone(waiting, this.#wheel, this.#counters, () => {
          this.#hand(answer);
          this.#next();
        });
        return;
      }
      this.#hand(answer);
    }
    this.#busy = false;
  }

  /** One that cannot be written must not hold those behind it. */
  #hand(answer: PassingAnswer): void {
    try {
      this.#pass(answer);
    } catch (fault) {
      userFault(this.#counters, fault);
    }
  }
}
