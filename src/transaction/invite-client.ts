import type { SipMessage } from '../wire/sip/message.ts';
import { checkField } from '../wire/sip/text.ts';
import { ClientMachine, type ClientOwner } from './client-machine.ts';
import { NOBODY } from './client-transaction.ts';
import { cancelRequest, negativeAck } from './derived-request.ts';
import { NonInviteClient } from './non-invite-client.ts';

const NO_OWNER: ClientOwner = { sent() {}, answered() {}, released() {} };

/** The INVITE client transaction (RFC 3261 §17.1.1 with RFC 6026 §8.4, figure 5). */
export class InviteClient extends ClientMachine {
  #ack: Buffer | undefined = undefined;
  #cancelWanted = false;
  #cancelReason: string | undefined = undefined;
  #cancelling: NonInviteClient | undefined = undefined;

  receive(response: SipMessage): void {
    if (response.status < 200) this.#provisional(response);
    else if (response.status < 300) this.#success(response);
    else this.#refusal(response);
  }

  /** An answer to the CANCEL, which shares the branch. */
  receiveCancelAnswer(response: SipMessage): void {
    this.#cancelling?.receive(response);
  }

  cancel(reason?: string): void {
    if (this.#cancelWanted || (this.state !== 'unsent' && !this.unanswered)) return;
    if (reason !== undefined) this.#cancelReason = checkField('Reason', reason);
    this.#cancelWanted = true;
    // Before a provisional answer the CANCEL might overtake the INVITE (§9.1).
    if (this.state === 'proceeding') this.#sendCancel();
  }

  /** Timer A: doubles without a bound, until timer B ends it. */
  retransmitDue(): void {
    if (this.state === 'calling') this.sendAgain(2 * this.interval);
  }

  #provisional(response: SipMessage): void {
    if (this.state === 'calling') {
      // Proceeding has no timer: how long it may last is the proxy's to say, by timer C (§16.6 step 11).
      this.stopTimers();
      this.state = 'proceeding';
      if (this.#cancelWanted) this.#sendCancel();
    } else if (this.state !== 'proceeding') {
      return;
    }
    this.user.response(this, response);
  }

  #success(response: SipMessage): void {
    if (this.unanswered) {
      // RFC 6026 §7.2: Accepted takes 2xx of other branches and their retransmissions until timer M.
      this.#settle('accepted');
      this.request = undefined;
      this.linger();
    } else if (this.state !== 'accepted' && this.state !== 'completed') {
      return;
    }
    // A 2xx behind a negative answer passes too: some fork further down was answered (§16.7 step 5).
    this.user.response(this, response);
  }

  #refusal(response: SipMessage): void {
    if (this.unanswered) {
      this.#settle('completed');
      this.#ack = negativeAck(this.request!, response);
      this.request = undefined;
      this.#sendAck();
      // Timer D: longer than the peer's timer H where the answer may be repeated, else zero.
      if (this.reliable) this.end();
      else this.linger();
      this.user.response(this, response);
    } else if (this.state === 'completed') {
      this.context.counters.retransmissionsAbsorbed++;
      this.#sendAck();
    }
  }

  #settle(state: 'accepted' | 'completed'): void {
    this.stopTimers();
    this.state = state;
  }

  #sendAck(): void {
    if (this.#ack && !this.flow!.send(this.#ack)) this.context.counters.sendFailures++;
  }

  #sendCancel(): void {
    const bytes = cancelRequest(this.request!, this.#cancelReason);
    if (bytes) {
      // Whatever answers a CANCEL, only the INVITE's own final answer matters.
      this.#cancelling = new NonInviteClient(this.context, NO_OWNER, -1, this.branch, 'CANCEL', NOBODY);
      this.#cancelling.send(bytes, this.flow!);
    }
    // §9.1: without a final answer in 64*T1 the INVITE counts as cancelled.
    this.armWait(64 * this.context.timers.t1);
  }

  protected override end(): void {
    this.#cancelling?.terminate();
    this.#cancelling = undefined;
    super.end();
  }
}
