import type { ControlLink, LinkAnswer, LinkFault } from './control-link.ts';

/** Why a command was not even sent. */
export interface QueueFull {
  readonly ok: false;
  readonly fault: 'overload';
  readonly reason: string;
}

/** A command that waits or is under way. */
interface Turn {
  readonly callId: string;
  readonly text: string;
  readonly settle: (answer: LinkAnswer) => void;
  /** The next command of the same call. */
  next: Turn | undefined;
}

/**
 * The commands for one relay, in order. Those of one call go out one after the other, each when the one before is
 * answered, so that a lost datagram never puts them in another order; calls do not wait for each other as long as the
 * link has room. Bounded: what is too much is refused, for who asked is waiting.
 */
export class ControlQueue {
  refused = 0;
  readonly #link: ControlLink;
  readonly #limit: number;
  /** The last command of each call that has any. */
  readonly #last = new Map<string, Turn>();
  /** Commands that wait for the link only. */
  #ready: Turn[] = [];
  readonly #underWay = new Set<Turn>();
  #pending = 0;
  #idle: (() => void) | undefined;

  constructor(link: ControlLink, limit: number) {
    this.#link = link;
    this.#limit = limit;
  }

  /** Commands that wait or are under way. */
  get pending(): number {
    return this.#pending;
  }

  ask(callId: string, text: string): Promise<LinkAnswer | QueueFull> {
    if (this.#pending >= this.#limit) {
      this.refused++;
      return Promise.resolve({
        ok: false,
        fault: 'overload',
        reason: `${this.#pending} commands wait already`,
      });
    }
    this.#pending++;
    return new Promise((settle) => {
      const turn: Turn = { callId, text, settle, next: undefined };
      const last = this.#last.get(callId);
      if (last) last.next = turn;
      else this.#ready.push(turn);
      this.#last.set(callId, turn);
      this.#pump();
    });
  }

  /** Ends the waiting of all that is not under way: the relay does not answer. */
  flush(answer: LinkAnswer): void {
    const ready = this.#ready;
    this.#ready = [];
    for (const turn of ready) this.#abandon(turn, answer);
    for (const turn of this.#underWay) {
      const { next } = turn;
      turn.next = undefined;
      this.#last.set(turn.callId, turn);
      if (next) this.#abandon(next, answer);
    }
  }

  /** Settles when nothing waits and nothing is under way. */
  whenIdle(): Promise<void> {
    return this.#pending === 0 ? Promise.resolve() : new Promise((resolve) => (this.#idle = resolve));
  }

  #abandon(first: Turn, answer: LinkAnswer): void {
    for (let turn: Turn | undefined = first; turn; turn = turn.next) {
      if (this.#last.get(turn.callId) === turn) this.#last.delete(turn.callId);
      this.#pending--;
      turn.settle(answer);
    }
    this.#tellIdle();
  }

  #pump(): void {
    while (this.#underWay.size < this.#link.window) {
      const turn = this.#ready.shift();
      if (!turn) return;
      this.#underWay.add(turn);
      void this.#link.ask(turn.text).then((answer) => this.#answered(turn, answer));
    }
  }

  #answered(turn: Turn, answer: LinkAnswer): void {
    this.#underWay.delete(turn);
    this.#pending--;
    if (turn.next) this.#ready.push(turn.next);
    else this.#last.delete(turn.callId);
    turn.settle(answer);
    // Who waits for a relay that does not answer has waited long enough.
    if (!answer.ok && isAway(answer.fault)) this.flush({ ...answer, fault: 'unreachable' });
    this.#pump();
    this.#tellIdle();
  }

  #tellIdle(): void {
    if (this.#pending > 0) return;
    this.#idle?.();
    this.#idle = undefined;
  }
}

/** Whether a fault says that the relay is not there. */
export function isAway(fault: LinkFault | QueueFull['fault']): boolean {
  return fault === 'timeout' || fault === 'unreachable';
}
