import { ServerMachine } from './server-machine.ts';

/** How long the user may think before the machine says 100 for it (RFC 3261 §17.2.1). */
const TRYING_DELAY = 200;

/** The INVITE server transaction (RFC 3261 §17.2.1 with RFC 6026 §7.1, figure 7). */
export class InviteServer extends ServerMachine {
  #interval = 0;
  #triedElsewhere = false;

  start(): void {
    this.armRetransmit(TRYING_DELAY);
  }

  protected answer(bytes: Buffer, status: number): boolean {
    if (status < 200) return this.#provisional(bytes, status);
    if (status < 300) return this.#success(bytes, status);
    return this.#refusal(bytes, status);
  }

  #provisional(bytes: Buffer, status: number): boolean {
    if (this.state !== 'proceeding') return false;
    this.stopRetransmit();
    this.lastStatus = status;
    this.lastAnswer = bytes;
    this.transmit(bytes);
    return true;
  }

  #success(bytes: Buffer, status: number): boolean {
    if (this.state === 'terminated') return false;
    if (this.state === 'proceeding') {
      // RFC 6026 §7.1: the 2xx is repeated by whoever made it, not here; Accepted lasts for timer L.
      this.settle('accepted', status);
      this.lastAnswer = undefined;
      this.linger();
    }
    this.transmit(bytes);
    return true;
  }

  #refusal(bytes: Buffer, status: number): boolean {
    if (this.state !== 'proceeding') return false;
    const { timers } = this.context;
    this.settle('completed', status);
    this.lastAnswer = bytes;
    // Timer G repeats the answer over an unreliable transport; timer H gives up waiting for the ACK over any.
    if (!this.reliable) {
      this.#interval = timers.t1;
      this.armRetransmit(timers.t1);
    }
    this.armWait(64 * timers.t1);
    this.transmit(bytes);
    return true;
  }

  /** Proceeding and Completed repeat their last answer, the others absorb (RFC 6026 §7.1). */
  retransmission(): void {
    this.context.counters.retransmissionsAbsorbed++;
    this.sendAgain();
  }

  /** @returns whether the ACK is for a negative answer of this transaction; else it is the user's */
  acknowledged(): boolean {
    if (this.state === 'confirmed') {
      this.context.counters.retransmissionsAbsorbed++;
      return true;
    }
    if (this.state !== 'completed') return false;
    this.stopTimers();
    this.state = 'confirmed';
    this.lastAnswer = undefined;
    // Timer I: T4 where the ACK may come again, else zero.
    if (this.reliable) this.end();
    else this.armWait(this.context.timers.t4);
    return true;
  }

  retransmitDue(): void {
    if (this.state === 'proceeding') {
      this.sendTrying();
    } else if (this.state === 'completed') {
      this.sendAgain();
      this.#interval = Math.min(2 * this.#interval, this.context.timers.t2);
      this.armRetransmit(this.#interval);
    }
  }

  waitOver(): void {
    // Timer H: the ACK never came.
    if (this.state === 'completed') this.context.counters.timeouts++;
    this.end();
  }

  /** An answer that waits for its ACK may be lost with the connection: it is sent once more, on a new one. */
  connectionLost(reason: string): void {
    const answer = this.lastAnswer;
    if (this.state !== 'completed' || this.#triedElsewhere || !(answer instanceof Buffer)) return;
    this.#triedElsewhere = true;
    if (!this.route.sendElsewhere(answer)) this.undelivered(reason);
  }
}
