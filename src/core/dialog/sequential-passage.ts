import type { Flow } from '../../net/flow.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { TransactionCounters } from '../../transaction/transaction-counters.ts';
import type { MessageEdit } from '../../wire/sip/edit.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { ForkOptions, HopView, ReplyView, StatelessOptions } from '../proxy/fork-options.ts';
import { inTurn } from '../proxy/hook.ts';
import type { MaybePromise } from '../registrar/location-store.ts';
import type { Dialog } from './dialog.ts';
import type { DialogLeg } from './dialog-leg.ts';
import type { DialogDirection, DialogPassage } from './dialog-observer.ts';
import { readWritten, sdpOf, showBranch, showFailure, showReply } from './dialog-passage.ts';
import type { DialogMatch } from './dialog-table.ts';
import { wayToAnswerer, wayToSender } from './leg-of.ts';

/** Requests that tell of another Contact (RFC 3261 §12.2, RFC 3311 §5.1). */
const TARGET_REFRESH: ReadonlySet<string> = new Set(['INVITE', 'UPDATE']);

/** A request inside a dialog on its way to the other party, and what that answers. */
export class SequentialPassage implements DialogPassage {
  readonly dialog: Dialog;
  readonly direction: DialogDirection;
  readonly sender: DialogLeg;
  readonly receiver: DialogLeg;
  readonly request: SipMessage;
  readonly transaction: ServerTransaction | undefined;
  readonly initial = false;
  readonly #flow: Flow;
  readonly #counters: TransactionCounters;
  /** The CSeq number that it has, and the one that it goes on with. */
  readonly #received: number;
  #sent: number;
  #written: Buffer | undefined;

  constructor(
    { dialog, direction, sender, receiver }: DialogMatch,
    request: SipMessage,
    flow: Flow,
    transaction: ServerTransaction | undefined,
    counters: TransactionCounters,
  ) {
    this.dialog = dialog;
    this.direction = direction;
    this.sender = sender;
    this.receiver = receiver;
    this.request = request;
    this.transaction = transaction;
    this.#flow = flow;
    this.#counters = counters;
    this.#received = request.cseq?.number ?? 0;
    const { cseq } = receiver;
    // An ACK has the number of its INVITE, however many requests have followed that.
    this.#sent = request.method === 'ACK' ? cseq.of(this.#received) : cseq.forwarded(this.#received);
  }

  options(given: ForkOptions): ForkOptions {
    const { onReplyWritten, onFailure, cseqRaise } = given;
    if (cseqRaise !== undefined) this.#sent = this.receiver.cseq.raise(this.#received, cseqRaise);
    return {
      ...given,
      ...this.ackOptions(given),
      onReply: inTurn(given.onReply, (reply) => this.#reply(reply), this.#counters)!,
      onFailure: (failure) => {
        onFailure?.(failure);
        showFailure(failure, this, this.#counters);
      },
      onReplyWritten: (bytes, reply) => {
        onReplyWritten?.(bytes, reply);
        this.#replied(bytes, reply);
      },
    };
  }

  /** What holds for an ACK too. */
  ackOptions(given: StatelessOptions): StatelessOptions {
    const { edit, onRequestWritten } = given;
    return {
      ...given,
      edit: (change, to) => {
        edit?.(change, to);
        this.#number(change);
      },
      onBranch: inTurn(given.onBranch, (branch) => showBranch(branch, this, this.#counters), this.#counters)!,
      onRequestWritten: (bytes: Buffer, to: HopView, branch: number) => {
        onRequestWritten?.(bytes, to, branch);
        this.#written = bytes;
        if (this.request.method === 'ACK') this.#keepSdp(this.receiver, readWritten(bytes));
      },
    };
  }

  #number(edit: MessageEdit): void {
    const { request } = this;
    if (this.#sent !== this.#received) edit.set(H.CSeq, `${this.#sent} ${request.method}`);
    if (request.method === 'PRACK') this.#numberRack(edit);
  }

  /** RFC 3262 §7.2: a PRACK names the INVITE whose answer it acknowledges by the number that the callee knows. */
  #numberRack(edit: MessageEdit): void {
    const line = this.request.findNamed('RAck');
    const [response, number, method] =
      line < 0
        ? []
        : this.request
            .valueAt(line)
            .split(' ')
            .filter((word) => word !== '');
    const known = Number(number);
    const sent = this.receiver.cseq.of(known);
    if (method !== undefined && Number.isInteger(known) && sent !== known) {
      edit.replaceValue(line, `${response} ${sent} ${method}`);
    }
  }

  #reply(reply: ReplyView): MaybePromise<void> {
    if (this.#sent !== this.#received) {
      reply.edit.set(H.CSeq, `${this.#received} ${this.request.method}`);
    }
    return showReply(reply, this, this.#counters);
  }

  #replied(bytes: Buffer, reply: ReplyView): void {
    const { request, sender, receiver } = this;
    const { status } = reply.response;
    if (status < 200 || status > 299 || !TARGET_REFRESH.has(request.method)) return;
    const [sent, answered] = [readWritten(this.#written), readWritten(bytes)];
    if (request.has(H.Contact)) {
      sender.moveTo(wayToSender({ request, flow: this.#flow }));
      receiver.shownContact = sent?.get(H.Contact);
    }
    if (reply.response.has(H.Contact)) {
      receiver.moveTo(wayToAnswerer(reply, receiver.routes.length === 0));
      sender.shownContact = answered?.get(H.Contact);
    }
    this.#keepSdp(receiver, sent);
    this.#keepSdp(sender, answered);
  }

  #keepSdp(reader: DialogLeg, message: SipMessage | undefined): void {
    if (this.dialog.keepSdp) reader.shownSdp = sdpOf(message) ?? reader.shownSdp;
  }
}
