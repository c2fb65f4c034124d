import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { BranchView, ForkOptions, ReplyView } from '../proxy/fork-options.ts';
import { inTurn } from '../proxy/hook.ts';
import type { MaybePromise } from '../registrar/location-store.ts';
import type { Dialog } from './dialog.ts';
import type { DialogLeg } from './dialog-leg.ts';
import type { DialogPassage } from './dialog-observer.ts';
import { readWritten, sdpOf, showBranch, showFailure, showReply } from './dialog-passage.ts';
import { calleeLeg } from './leg-of.ts';
import type { PassageOwner } from './passage-owner.ts';

/** The INVITE that makes a dialog, on its way to whoever it is forked to, and what they answer. */
export class InitialPassage implements DialogPassage {
  readonly dialog: Dialog;
  readonly transaction: ServerTransaction;
  readonly request: SipMessage;
  readonly direction = 'downstream';
  readonly initial = true;
  readonly receiver = undefined;
  readonly #owner: PassageOwner;
  /** What each branch was sent last, until the dialog stands. */
  readonly #written = new Map<number, Buffer>();
  #cseqRaise = 0;

  constructor(dialog: Dialog, transaction: ServerTransaction, owner: PassageOwner) {
    this.dialog = dialog;
    this.transaction = transaction;
    this.request = transaction.request;
    this.#owner = owner;
  }

  get sender(): DialogLeg {
    return this.dialog.caller;
  }

  /** @param param what Record-Route is to bear, from its `;` on */
  options(given: ForkOptions, param: string): ForkOptions {
    const { faults } = this.#owner;
    const { onRequestWritten, onReplyWritten, onFailure } = given;
    this.#cseqRaise = given.cseqRaise ?? 0;
    if (param !== '' && given.recordRoute !== false && !given.recordRoutePreset) this.dialog.printed = true;
    return {
      ...given,
      recordRouteParams: `${given.recordRouteParams ?? ''}${param}`,
      onBranch: inTurn(given.onBranch, (branch) => this.#branch(branch), faults)!,
      onReply: inTurn(given.onReply, (reply) => this.#reply(reply), faults)!,
      onRequestWritten: (bytes, to, branch) => {
        onRequestWritten?.(bytes, to, branch);
        if (!this.dialog.confirmedAt) this.#written.set(branch, bytes);
      },
      onFailure: (failure) => {
        onFailure?.(failure);
        showFailure(failure, this, faults);
      },
      onReplyWritten: (bytes, reply) => {
        onReplyWritten?.(bytes, reply);
        this.#replied(bytes, reply);
      },
    };
  }

  #branch(branch: BranchView): MaybePromise<void> {
    if (this.dialog.ending) branch.drop(480);
    else if (!this.dialog.ended) return showBranch(branch, this, this.#owner.faults);
  }

  #reply(reply: ReplyView): MaybePromise<void> {
    if (this.dialog.ended) return undefined;
    const { status } = reply.response;
    if (status > 100 && status < 300) this.#learn(reply);
    return showReply(reply, this, this.#owner.faults);
  }

  /** Notes who has answered, and by which way. */
  #learn(reply: ReplyView): void {
    const { dialog } = this;
    const { status, to } = reply.response;
    const known = to?.tag === undefined ? undefined : dialog.calleeOf(to.tag);
    if (known && (status < 200 || dialog.confirmedAt > 0)) return;
    const sent = readWritten(this.#written.get(reply.branch.index));
    const leg = calleeLeg(reply, sent);
    if (!leg) return;
    dialog.caller.override = reply.reader.override;
    if (known) {
      // RFC 3261 §13.2.2.4: the 2xx says the last word about the route set.
      known.routes = leg.routes;
      known.moveTo(leg);
      return;
    }
    const number = this.request.cseq?.number ?? 0;
    leg.cseq.forwarded(number);
    if (this.#cseqRaise > 0) leg.cseq.raise(number, this.#cseqRaise);
    leg.shownContact = sent?.get(H.Contact);
    if (dialog.keepSdp) leg.shownSdp = sdpOf(sent);
    dialog.addCallee(leg);
  }

  #replied(bytes: Buffer, { response }: ReplyView): void {
    const { dialog } = this;
    const { status, to } = response;
    const leg = to?.tag === undefined ? undefined : dialog.calleeOf(to.tag);
    if (!leg || dialog.ended || status >= 300) return;
    if (status < 200) {
      this.#owner.early(dialog, leg);
      return;
    }
    const written = readWritten(bytes);
    if (dialog.keepSdp) dialog.caller.shownSdp = sdpOf(written) ?? dialog.caller.shownSdp;
    if (dialog.confirmedAt > 0) return;
    dialog.caller.shownContact = written?.get(H.Contact);
    this.#written.clear();
    this.#owner.confirmed(dialog, leg);
  }
}
