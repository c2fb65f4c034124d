import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.ts';
import type { TransactionCounters } from '../../transaction/transaction-counters.ts';
import { userFault } from '../../transaction/user-fault.ts';
import type { ReplyView } from './fork-options.ts';
import { type Hook, runHook } from './hook.ts';
import type { PassingAnswer } from './passing-answer.ts';

/** How many may stand behind one that waits; a 2xx beyond is repeated by its user agent. */
const MOST_WAITING = 32;
/** A 2xx is repeated for 32 s, and a caller hears nothing meanwhile. */
const PATIENCE_MS = 10_000;

/** The answers of one fork on their way through a hook that may wait: one after the other, in the order they came in. */
export class AnswerQueue {
  readonly #hook: Hook<ReplyView> | undefined;
  readonly #pass: (answer: PassingAnswer) => void;
  readonly #wheel: TimerWheel;
  readonly #counters: TransactionCounters;
  readonly #waiting: PassingAnswer[] = [];
  /** The answer that the hook has. */
  #current: PassingAnswer | undefined;
  #patience: WheelTimer | undefined;

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
    if (this.#current === undefined) this.#next();
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const answer = this.#waiting.shift()!;
      this.#current = answer;
      const waiting = runHook(this.#hook, answer, this.#counters);
      if (waiting) {
        this.#patience ??= new WheelTimer(() => this.#return(this.#current!));
        this.#wheel.arm(this.#patience, PATIENCE_MS);
        waiting.then(() => this.#return(answer));
        return;
      }
      this.#hand(answer);
    }
    this.#current = undefined;
  }

  /** The hook has done with an answer, or had it long enough. */
  #return(answer: PassingAnswer): void {
    if (this.#current !== answer) return;
    this.#wheel.cancel(this.#patience!);
    this.#hand(answer);
    this.#next();
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
