import type { Flow } from '../net/flow.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import type { Via } from '../wire/sip/via.ts';
import type { ServerTransaction } from './server-transaction.ts';

/** The element above the transaction layer (RFC 3261 §5, "TU"): everything that no transaction takes goes to it. */
export interface TransactionUser {
  /**
   * A new request: no retransmission, neither ACK nor CANCEL. It is answered through `TransactionLayer.accept` or
   * `TransactionLayer.replyStateless`, or dropped. Until it is accepted, a retransmission of it comes here again.
   */
  request(message: SipMessage, flow: Flow): void;
  /** Whether anything from there may be sent away by {@link sendsAway} now: else it is not looked for. */
  sendsAwayFrom?(flow: Flow): boolean;
  /**
   * Whether the INVITE that `scanInvite` has found in these bytes is sent away before it is read: a new one, outside of
   * dialogs, by datagram. Its answer must not depend on more than was found.
   * @returns the seconds after which it may come again; '' to drop it without an answer; undefined to have it read first
   */
  sendsAway?(bytes: Buffer, via: Via, flow: Flow): string | undefined;
  /** An ACK that acknowledges none of our own negative answers: that of a 2xx, or a stray one. */
  ack(message: SipMessage, flow: Flow): void;
  /** A CANCEL, no retransmission; `invite` is the transaction that it names (RFC 3261 §9.2). */
  cancel(message: SipMessage, flow: Flow, invite: ServerTransaction | undefined): void;
  /** A response that belongs to no transaction of ours. */
  strayResponse(message: SipMessage, flow: Flow): void;
  /** Bytes that are no message, or have no Via to answer by. */
  malformed(reason: string, flow: Flow): void;
  /** A connection is no more. */
  connectionClosed?(flow: Flow): void;
}
