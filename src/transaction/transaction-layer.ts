import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { Flow } from '../net/flow.ts';
import type { Network, NetworkSink } from '../net/network.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import type { ClientTransaction, ClientTransactionUser } from './client-transaction.ts';
import type { ReplyParts, ServerTransaction } from './server-transaction.ts';
import type { TransactionTimers } from './timers.ts';
import { TransactionCounters } from './transaction-counters.ts';
import type { TransactionUser } from './transaction-user.ts';

/** How many transactions may live at once. */
export interface TransactionLimits {
  readonly serverTransactions: number;
  readonly clientTransactions: number;
}

export interface TransactionLayerOptions {
  /** Asked whenever the network is needed, for it is made after the layer that it delivers to. */
  readonly network: () => Network;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly ids: IdSource;
  readonly timers: TransactionTimers;
  readonly user: TransactionUser;
  readonly limits: TransactionLimits;
  /** Whether the answer goes to the source port although the client did not ask for it (RFC 3581). */
  forceRport(message: SipMessage, flow: Flow): boolean;
}

/** RFC 3261 §17 between the network and the element above. */
export class TransactionLayer implements NetworkSink, AsyncDisposable {
  readonly counters: TransactionCounters = new TransactionCounters();
  readonly #options: TransactionLayerOptions;

  constructor(options: TransactionLayerOptions) {
    this.#options = options;
  }

  message(bytes: Buffer, flow: Flow): void {
    this.#options.user.malformed(String(bytes.length), flow);
  }

  flowFailed(_flow: Flow, _reason: string): void {}

  /**
   * Makes the server transaction of a request.
   * @returns undefined where the table is full, or where the request has a transaction already
   * @throws ServerError SIP_NOT_A_REQUEST for a response or an ACK, which have no transaction of their own
   */
  accept(_message: SipMessage, _flow: Flow): ServerTransaction | undefined {
    return undefined;
  }

  /**
   * Answers without a transaction (RFC 3261 §8.2.7): the same request gets the same To tag, and the ACK of such an answer
   * is absorbed. Does nothing for an ACK.
   */
  replyStateless(_message: SipMessage, _flow: Flow, _parts: ReplyParts): void {}

  /**
   * Makes a client transaction; nothing is sent before `send`.
   * @param suffix is appended to the branch; read again by {@link parseOwnBranch}
   * @returns undefined where the table is full
   */
  createClient(
    _method: string,
    _user: ClientTransactionUser,
    _suffix?: string,
  ): ClientTransaction | undefined {
    return undefined;
  }

  /** @returns the suffix of a branch that has the form of ours, '' for one without; undefined for any other */
  parseOwnBranch(_branch: string): { suffix: string } | undefined {
    return undefined;
  }

  /** Sends a message that belongs to no transaction. @returns false where it could not be sent */
  sendStateless(bytes: Buffer, flow: Flow): boolean {
    return flow.send(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
