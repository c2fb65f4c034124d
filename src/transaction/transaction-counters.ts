/** What the transaction layer has done since it started; plain numbers, read by whoever prints statistics. */
export class TransactionCounters {
  /** Requests received, those that come again and ACKs included. */
  receivedRequests = 0;
  /** Responses received, for transactions of ours or not. */
  receivedReplies = 0;
  /** Answers of others passed on. */
  relayedReplies = 0;
  /** Answers of our own, in transactions or stateless. */
  localReplies = 0;
  /** Server transactions made. */
  uasTransactions = 0;
  /** Client transactions made, CANCELs not counted. */
  uacTransactions = 0;
  /** Server transactions finished by class of their final answer; index 2 to 6. */
  readonly finished: number[] = [0, 0, 0, 0, 0, 0, 0];
  /** Server transactions alive now. */
  inUse = 0;
  /** Client transactions alive now. */
  clientsInUse = 0;
  retransmissionsAbsorbed = 0;
  retransmissionsSent = 0;
  /** Client transactions without an answer, and negative answers without their ACK. */
  timeouts = 0;
  /** Messages that could not be sent. */
  sendFailures = 0;
  /** Answered transactions that were forgotten before their time for want of room. */
  endedEarly = 0;
  /** Transactions refused because a table was full. */
  dropped = 0;
  /** Bytes received that were no message. */
  malformed = 0;
  /** Exceptions of users that were caught. */
  userFaults = 0;
}
