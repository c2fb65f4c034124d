import type { Clock } from '../base/clock.ts';
import { ServerError } from '../base/errors.ts';
import type { IdSource } from '../base/ids.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { Flow } from '../net/flow.ts';
import type { Network, NetworkSink } from '../net/network.ts';
import type { Refusals } from '../net/refusals.ts';
import { defaultPort } from '../net/transport-name.ts';
import type { WorkerPlace } from '../net/worker-place.ts';
import { buildResponse } from '../wire/sip/build.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import { paramValue } from '../wire/sip/params.ts';
import { parseMessage } from '../wire/sip/parse.ts';
import { invite, scanInvite } from '../wire/sip/plain-invite.ts';
import { refusePlainInvite } from '../wire/sip/plain-refusal.ts';
import { byteString } from '../wire/sip/text.ts';
import { responseFault } from '../wire/sip/verdict.ts';
import { Via } from '../wire/sip/via.ts';
import { AwayTag } from './away-tag.ts';
import { branchSuffix } from './branch.ts';
import { ClientTable } from './client-table.ts';
import type { ClientTransaction, ClientTransactionUser } from './client-transaction.ts';
import { InviteClient } from './invite-client.ts';
import type { MachineContext } from './machine.ts';
import { ResponseRoute, receivedVia } from './response-route.ts';
import { hasUniqueBranch } from './server-key.ts';
import { responseParts } from './server-machine.ts';
import { ServerTable } from './server-table.ts';
import type { ReplyParts, ServerTransaction } from './server-transaction.ts';
import { StatelessTags } from './stateless-tag.ts';
import type { TransactionTimers } from './timers.ts';
import { TransactionCounters } from './transaction-counters.ts';
import type { TransactionUser } from './transaction-user.ts';
import { userFault } from './user-fault.ts';

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
  /** Which of several workers this is: branches name it, so that responses come to it. */
  readonly place?: WorkerPlace | undefined;
  /** What the network may refuse by itself: it learns what it needs to. */
  readonly refusals?: Refusals | undefined;
  /** Whether the answer goes to the source port although the client did not ask for it (RFC 3581). */
  forceRport(message: SipMessage, flow: Flow): boolean;
}

/** RFC 3261 §17 between the network and the element above. */
export class TransactionLayer implements NetworkSink, AsyncDisposable {
  readonly counters: TransactionCounters = new TransactionCounters();
  readonly #options: TransactionLayerOptions;
  readonly #servers: ServerTable;
  readonly #clients: ClientTable;
  readonly #statelessTags: StatelessTags;
  readonly #away: AwayTag;
  #turnsAway = false;

  constructor(options: TransactionLayerOptions) {
    const { clock, wheel, ids, timers, network, limits, place, refusals } = options;
    const context: MachineContext = { clock, wheel, ids, timers, network, counters: this.counters };
    this.#options = options;
    this.#servers = new ServerTable(context, limits.serverTransactions, refusals);
    this.#clients = new ClientTable(context, limits.clientTransactions, place);
    this.#statelessTags = new StatelessTags(ids);
    this.#away = new AwayTag(ids);
    refusals?.answerWith(this.#away.tag);
  }

  message(bytes: Buffer, flow: Flow): void {
    try {
      if (!this.#turnsAway) this.#take(bytes, flow);
      else if (this.#away.acknowledges(bytes)) this.counters.receivedRequests++;
      else if (!this.#sendAway(bytes, flow)) this.#take(bytes, flow);
    } catch (fault) {
      userFault(this.counters, fault);
    }
  }

  /** Datagrams leave no connection behind that could break: their transactions wait for an answer as ever. */
  flowFailed(flow: Flow, reason: string): void {
    if (flow.connectionId === 0) return;
    this.#clients.connectionLost(flow, reason);
    this.#servers.connectionLost(flow, reason);
  }

  /** A peer that has closed its connection answers no more on it: who waits for that need not wait for timers. */
  flowClosed(flow: Flow, reason: string): void {
    this.#clients.connectionLost(flow, reason);
    this.#options.user.connectionClosed?.(flow);
  }

  /**
   * Makes the server transaction of a request.
   * @returns undefined where the table is full, or where the request has a transaction already
   * @throws ServerError SIP_NOT_A_REQUEST for a response or an ACK, which have no transaction of their own
   */
  accept(message: SipMessage, flow: Flow): ServerTransaction | undefined {
    const via = requireVia(message);
    if (message.method === 'ACK') {
      throw new ServerError('SIP_NOT_A_REQUEST', 'an ACK makes no transaction');
    }
    return this.#servers.create(message, via, flow, this.#options.forceRport(message, flow));
  }

  /**
   * Answers without a transaction (RFC 3261 §8.2.7): the same request gets the same To tag, and the ACK of such an answer
   * is absorbed. Does nothing for an ACK.
   * @throws ServerError SIP_NOT_A_REQUEST for a response, SIP_BAD_FIELD where a part would break out of its field
   */
  replyStateless(message: SipMessage, flow: Flow, parts: ReplyParts): void {
    const via = requireVia(message);
    if (message.method === 'ACK') return;
    this.#answer(message, via, flow, parts, () => this.#statelessTags.tag(message, via));
  }

  /**
   * As {@link replyStateless}, for many at once who are all told the same: their answers have one To tag, so that the ACKs
   * are absorbed before they are read.
   */
  turnAway(message: SipMessage, flow: Flow, parts: ReplyParts): void {
    this.#turnsAway = true;
    this.#answer(message, requireVia(message), flow, parts, () => this.#away.tag);
  }

  /**
   * Gives a request that was not answered yet its final answer, and forgets it at once (RFC 3261 §26.3.2.4): a client that
   * heard nothing asks again, so nothing is kept or repeated for it, who may have forged its address.
   */
  dismiss(transaction: ServerTransaction, parts: ReplyParts): void {
    const { request, flow } = transaction;
    transaction.forget();
    this.counters.finished[Math.floor(parts.status / 100)]!++;
    this.replyStateless(request, flow, parts);
  }

  /**
   * Makes a client transaction; nothing is sent before `send`.
   * @param suffix is appended to the branch; read again by {@link parseOwnBranch}
   * @returns undefined where the table is full
   */
  createClient(method: string, user: ClientTransactionUser, suffix?: string): ClientTransaction | undefined {
    return this.#clients.create(method, user, suffix);
  }

  /** @returns the suffix of a branch that has the form of ours, '' for one without; undefined for any other */
  parseOwnBranch(branch: string): { suffix: string } | undefined {
    const suffix = branchSuffix(branch);
    return suffix === undefined ? undefined : { suffix };
  }

  /** Sends a message that belongs to no transaction. @returns false where it could not be sent */
  sendStateless(bytes: Buffer, flow: Flow): boolean {
    if (flow.send(bytes)) return true;
    this.counters.sendFailures++;
    return false;
  }

  /** Forgets every transaction without a word. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#clients.close();
    this.#servers.close();
  }

  /**
   * As {@link turnAway}, of an INVITE that is not read for it.
   * @returns false for what has to be read
   */
  #sendAway(bytes: Buffer, flow: Flow): boolean {
    const { user } = this.#options;
    if (flow.connectionId !== 0 || !user.sendsAwayFrom?.(flow) || !scanInvite(bytes)) return false;
    const via = Via.parse(byteString(bytes, invite.via.value, invite.via.end));
    if (!via || !hasUniqueBranch(via) || this.#servers.findInvite(undefined, via)) return false;
    const retryAfter = user.sendsAway?.(bytes, via, flow);
    if (retryAfter === undefined) return false;
    this.counters.receivedRequests++;
    if (retryAfter === '') return true;
    this.counters.localReplies++;
    this.sendStateless(
      refusePlainInvite(bytes, receivedVia(via, flow, false), this.#away.tag, retryAfter),
      flow,
    );
    return true;
  }

  #take(bytes: Buffer, flow: Flow): void {
    const parsed = parseMessage(bytes);
    if (!parsed.ok) {
      this.#malformed(parsed.reason, flow);
      return;
    }
    const { message } = parsed;
    const via = message.topVia;
    if (!via) this.#malformed('no Via that can be read', flow);
    else if (message.isRequest) this.#takeRequest(message, via, flow);
    else this.#takeResponse(message, via, flow);
  }

  #answer(message: SipMessage, via: Via, flow: Flow, parts: ReplyParts, toTag: () => string): void {
    const forceRport = this.#options.forceRport(message, flow);
    const topVia = receivedVia(via, flow, forceRport);
    const bytes = buildResponse(message, responseParts(parts, topVia, toTag));
    this.counters.localReplies++;
    const route = new ResponseRoute(this.#options.network, flow, via, forceRport);
    if (!route.send(bytes)) this.counters.sendFailures++;
  }

  #malformed(reason: string, flow: Flow): void {
    this.counters.malformed++;
    this.#options.user.malformed(reason, flow);
  }

  #takeRequest(message: SipMessage, via: Via, flow: Flow): void {
    const { user } = this.#options;
    this.counters.receivedRequests++;
    if (flow.connectionId > 0 && paramValue(via.params, 'alias') !== undefined) {
      this.#options.network().reuse?.(flow, via.port ?? defaultPort(flow.transport));
    }
    if (message.method === 'ACK') {
      if (this.#servers.findInvite(message, via)?.acknowledged()) return;
      // Some write a To anew in which they were given the tag.
      const absorbed = message.toTag === this.#away.tag || this.#statelessTags.acknowledges(message, via);
      if (!absorbed) user.ack(message, flow);
      return;
    }
    const known = this.#servers.find(message, via);
    if (known) known.retransmission();
    else if (message.method === 'CANCEL') user.cancel(message, flow, this.#cancelled(message, via, flow));
    else user.request(message, flow);
  }

  /** Who has seen a branch on its way can name it in a CANCEL, but sends it from elsewhere. */
  #cancelled(cancel: SipMessage, via: Via, flow: Flow): ServerTransaction | undefined {
    const invite = this.#servers.findInvite(cancel, via);
    return invite?.flow.remoteAddress === flow.remoteAddress ? invite : undefined;
  }

  /** RFC 3261 §17.1.3: the branch and the method of CSeq find the transaction; a CANCEL has the branch of its INVITE. */
  #takeResponse(message: SipMessage, via: Via, flow: Flow): void {
    this.counters.receivedReplies++;
    // What is passed on must mean the same to all who read it (RFC 3261 §16.7 step 3).
    const fault = responseFault(message);
    if (fault !== undefined) {
      this.#malformed(fault, flow);
      return;
    }
    const client = this.#clients.find(via.branch);
    const method = message.cseq?.method;
    if (client && client.method === method) client.receive(message);
    else if (client instanceof InviteClient && method === 'CANCEL') client.receiveCancelAnswer(message);
    else this.#options.user.strayResponse(message, flow);
  }
}

function requireVia(message: SipMessage): Via {
  const via = message.isRequest ? message.topVia : undefined;
  if (!via) throw new ServerError('SIP_NOT_A_REQUEST', 'only a request with a Via can be answered');
  return via;
}
