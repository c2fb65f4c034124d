/** RFC 3261 §8.1.1.5. */
const MOST = 2 ** 31 - 1;
/** Who is that far behind with its ACK is not heard any more. */
const MOST_STEPS = 16;

/** From which received number on how much is added. */
interface Step {
  readonly from: number;
  readonly added: number;
}

/** As plain data. */
export interface CSeqSnapshot {
  readonly sent: number;
  readonly received: number;
  readonly steps: readonly Step[];
}

/**
 * The CSeq numbers of requests that go to one party of a dialog. Once this server has sent some of its own, those of the
 * other party are raised, for the receiver wants each to be higher than the one before (RFC 3261 §12.2.2).
 */
export class CSeqShift {
  /** The highest number that this party was sent, 0 before any. */
  sent: number;
  /** The highest that the other party has used, 0 before any. */
  received: number;
  #steps: Step[] | undefined;

  constructor(sent = 0, received = 0) {
    this.sent = sent;
    this.received = received;
  }

  /** Takes a request of the other party. @returns the number that it goes on with */
  forwarded(number: number): number {
    if (number > this.received) {
      this.received = number;
      const added = this.#added(number);
      if (number + added <= this.sent) this.#add({ from: number, added: this.sent + 1 - number });
    }
    const written = this.of(number);
    if (written > this.sent) this.sent = written;
    return written;
  }

  /** A request of the other party goes on with a number that is `by` higher than it would. @returns that number */
  raise(number: number, by: number): number {
    const written = Math.min(this.of(number) + by, MOST);
    this.#add({ from: number, added: written - number });
    if (written > this.sent) this.sent = written;
    return written;
  }

  /** The number that a request went on with: for its ACK, and for the RAck of a PRACK. */
  of(number: number): number {
    return Math.min(number + this.#added(number), MOST);
  }

  /** A number for a request of this server's own. */
  next(): number {
    this.sent = Math.min(this.sent + 1, MOST);
    return this.sent;
  }

  snapshot(): CSeqSnapshot {
    return { sent: this.sent, received: this.received, steps: this.#steps ?? [] };
  }

  static restored({ sent, received, steps }: CSeqSnapshot): CSeqShift {
    const shift = new CSeqShift(sent, received);
    if (steps.length > 0) shift.#steps = steps.slice(-MOST_STEPS);
    return shift;
  }

  #added(number: number): number {
    return this.#steps?.findLast(({ from }) => from <= number)?.added ?? 0;
  }

  #add(step: Step): void {
    this.#steps ??= [];
    this.#steps.push(step);
    if (this.#steps.length > MOST_STEPS) this.#steps.shift();
  }
}
