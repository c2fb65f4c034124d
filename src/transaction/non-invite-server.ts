import { KeptBytes } from '../base/kept-bytes.ts';
import { ServerMachine } from './server-machine.ts';
import type { TransactionTimers } from './timers.ts';

/** The non-INVITE server transaction (RFC 3261 §17.2.2 with RFC 4320, figure 8). */
export class NonInviteServer extends ServerMachine {
  start(): void {
    const { timers } = this.context;
    this.armRetransmit(quietPeriod(timers));
    // After timer F of the client an answer helps nobody (RFC 4320 §4.2), so the machine does not outlive it.
    this.armWait(64 * timers.t1);
  }

  protected answer(bytes: Buffer, status: number): boolean {
    if (!this.open) return false;
    if (status < 200) {
      // RFC 4320 §4.1: no provisional but 100, and over an unreliable transport not before the client slows down.
      const early = !this.reliable && this.retransmitArmed;
      if (status !== 100 || early) return true;
      this.stopRetransmit();
      this.state = 'proceeding';
      this.lastStatus = status;
      this.lastAnswer = bytes;
      this.transmit(bytes);
      return true;
    }
    this.settle('completed', status);
    this.forwarding = undefined;
    // RFC 4320 §4.2: a 408 always comes too late, and would make a storm on its way.
    this.lastAnswer = status === 408 || this.reliable ? undefined : new KeptBytes(bytes);
    if (status !== 408) this.transmit(bytes);
    // Timer J: as long as the client may repeat its request, else zero.
    if (this.reliable) this.end();
    else this.linger();
    return true;
  }

  /** Trying is silent, the others repeat their last answer (§17.2.2). */
  retransmission(): void {
    this.context.counters.retransmissionsAbsorbed++;
    this.sendAgain();
  }

  /** RFC 4320 §4.1: a 100 is due once the client's timer E has reached T2. */
  retransmitDue(): void {
    this.state = 'proceeding';
    this.sendTrying();
  }

  waitOver(): void {
    if (this.open) this.context.counters.timeouts++;
    this.end();
  }
}

/** How long a client's timer E takes to be reset to T2: T1, 2*T1, 4*T1 … below T2 (RFC 4320 §4.1). */
function quietPeriod(timers: TransactionTimers): number {
  let total = 0;
  for (let interval = timers.t1; interval < timers.t2; interval *= 2) total += interval;
  return total;
}
