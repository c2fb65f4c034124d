import type { SipMessage } from '../wire/sip/message.ts';
import { ClientMachine } from './client-machine.ts';
import { NOBODY } from './client-transaction.ts';

/** The non-INVITE client transaction (RFC 3261 §17.1.2, figure 6). */
export class NonInviteClient extends ClientMachine {
  receive(response: SipMessage): void {
    const { timers, counters } = this.context;
    if (!this.unanswered) {
      // §17.1.2.2: Completed is there to buffer what is sent again.
      counters.retransmissionsAbsorbed++;
      return;
    }
    if (response.status < 200) {
      this.state = 'proceeding';
    } else {
      this.state = 'completed';
      this.stopTimers();
      this.request = undefined;
      // Timer K: T4 where the network may repeat the answer, else zero.
      if (this.reliable) this.end();
      else this.armWait(timers.t4);
    }
    const { user } = this;
    // Nothing more is told: what the user keeps need not live as long as the machine.
    if (this.state !== 'proceeding') this.user = NOBODY;
    user.response(this, response);
  }

  /** Timer E: doubles up to T2 in Trying, T2 in Proceeding. */
  retransmitDue(): void {
    const { t2 } = this.context.timers;
    this.sendAgain(this.state === 'proceeding' ? t2 : Math.min(2 * this.interval, t2));
  }

  /** RFC 3261 §9.1: only an INVITE is cancelled. */
  cancel(): void {}
}
