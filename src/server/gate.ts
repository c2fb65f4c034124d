import type { OverloadControl } from '../core/front-door/overload.ts';
import type { Flow } from '../net/flow.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { TransactionLayer } from '../transaction/transaction-layer.ts';
import type { TransactionUser } from '../transaction/transaction-user.ts';
import { H } from '../wire/sip/header-name.ts';
import type { SipMessage } from '../wire/sip/message.ts';

const RETRY_AFTER = '10';

/**
 * Stands between the transactions and the routing program: nothing passes before the program is there, and while the
 * server drains, what would begin something new is sent elsewhere (503), and what belongs to a dialog passes. While there
 * is more to do than can be done, a part of what is new is sent away likewise.
 */
export class Gate implements TransactionUser {
  readonly #layer: () => TransactionLayer;
  #user: TransactionUser | undefined;
  #overload: OverloadControl | undefined;
  #draining = false;
  /** Requests that were sent elsewhere. */
  turnedAway = 0;

  constructor(layer: () => TransactionLayer) {
    this.#layer = layer;
  }

  open(user: TransactionUser, overload: OverloadControl): void {
    this.#user = user;
    this.#overload = overload;
  }

  drain(): void {
    this.#draining = true;
  }

  request(message: SipMessage, flow: Flow): void {
    if (this.#draining && !message.hasToTag) {
      this.turnedAway++;
      this.#layer().turnAway(message, flow, { status: 503, headers: [[H.RetryAfter, RETRY_AFTER]] });
      return;
    }
    const retryAfter = this.#overload?.refusal(message);
    if (retryAfter === undefined) this.#user?.request(message, flow);
    else this.#layer().turnAway(message, flow, { status: 503, headers: [[H.RetryAfter, retryAfter]] });
  }

  ack(message: SipMessage, flow: Flow): void {
    this.#user?.ack(message, flow);
  }

  cancel(message: SipMessage, flow: Flow, invite: ServerTransaction | undefined): void {
    this.#user?.cancel(message, flow, invite);
  }

  strayResponse(message: SipMessage, flow: Flow): void {
    this.#user?.strayResponse(message, flow);
  }

  malformed(reason: string, flow: Flow): void {
    this.#user?.malformed(reason, flow);
  }

  connectionClosed(flow: Flow): void {
    this.#user?.connectionClosed?.(flow);
  }
}
