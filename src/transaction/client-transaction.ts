import type { Flow } from '../net/flow.ts';
import type { SipMessage } from '../wire/sip/message.ts';

/** RFC 3261 figures 5 and 6 with RFC 6026; `unsent` comes before them. */
export type ClientState =
  | 'unsent'
  | 'calling'
  | 'trying'
  | 'proceeding'
  | 'completed'
  | 'accepted'
  | 'terminated';

/**
 * Who sends a request. It is never called from inside {@link ClientTransaction.send},
 * {@link ClientTransaction.cancel} or {@link ClientTransaction.terminate}.
 */
export interface ClientTransactionUser {
  /** Every provisional answer, the first final one, and for INVITE each further 2xx (RFC 6026 §7.2). */
  response(transaction: ClientTransaction, response: SipMessage): void;
  /** No answer in time (timers B and F), or none after a CANCEL (RFC 3261 §9.1). The transaction has ended. */
  timeout(transaction: ClientTransaction): void;
  /** The request could not be sent, or its connection broke before a final answer. The transaction has ended. */
  transportError(transaction: ClientTransaction, reason: string): void;
}

/** The user of a transaction that nobody waits for any more. */
export const NOBODY: ClientTransactionUser = { response() {}, timeout() {}, transportError() {} };

/** A request sent and its answers (RFC 3261 §17.1). */
export interface ClientTransaction {
  /** To be written into the request's top Via. */
  readonly branch: string;
  readonly method: string;
  readonly state: ClientState;
  /** Undefined until the request is sent. */
  readonly flow: Flow | undefined;
  /** Sends the request, whose top Via carries `branch`, and starts the machine. Once; later calls do nothing. */
  send(bytes: Buffer, flow: Flow): void;
  /**
   * INVITE only: sends a CANCEL with the INVITE's own Request-URI, top Via, Route, From, To and Call-ID on the same flow
   * (RFC 3261 §9.1): at once when a provisional answer has come, else when one comes, and never after a final one.
   * @param reason the value of a Reason header (RFC 3326)
   * @throws ServerError SIP_BAD_FIELD for a reason with CR, LF or NUL
   */
  cancel(reason?: string): void;
  /** Forgets the transaction without a word. */
  terminate(): void;
}
