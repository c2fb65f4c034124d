import type { TransactionCounters } from '../../transaction/transaction-counters.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { parseMessage } from '../../wire/sip/parse.ts';
import type { BranchFailure, BranchView, ReplyView } from '../proxy/fork-options.ts';
import { runHook } from '../proxy/hook.ts';
import type { MaybePromise } from '../registrar/location-store.ts';
import type { DialogObserver, DialogPassage } from './dialog-observer.ts';

/** Shows a branch to all who observe its dialog, one after the other. */
export function showBranch(
  branch: BranchView,
  passage: DialogPassage,
  counters: TransactionCounters,
): MaybePromise<void> {
  return eachInTurn(passage, (observer) => observer.onBranch?.(branch, passage), counters);
}

/** As {@link showBranch}, for an answer. */
export function showReply(
  reply: ReplyView,
  passage: DialogPassage,
  counters: TransactionCounters,
): MaybePromise<void> {
  return eachInTurn(passage, (observer) => observer.onReply?.(reply, passage), counters);
}

/** As {@link showBranch}, for a branch that has failed. */
export function showFailure(
  failure: BranchFailure,
  passage: DialogPassage,
  counters: TransactionCounters,
): void {
  eachInTurn(passage, (observer) => observer.onFailure?.(failure, passage), counters);
}

function eachInTurn(
  { dialog }: DialogPassage,
  show: (observer: DialogObserver) => MaybePromise<void>,
  counters: TransactionCounters,
): MaybePromise<void> {
  let waiting: Promise<void> | undefined;
  // One of them may leave while it is told.
  for (const observer of [...dialog.observers]) {
    waiting = waiting
      ? waiting.then(() => runHook(show, observer, counters))
      : runHook(show, observer, counters);
  }
  return waiting;
}

/** What this server has written itself, read again. */
export function readWritten(bytes: Buffer | undefined): SipMessage | undefined {
  const parsed = bytes && parseMessage(bytes);
  return parsed?.ok ? parsed.message : undefined;
}

/** The body where it is a session description, as bytes of its own. */
export function sdpOf(message: SipMessage | undefined): Buffer | undefined {
  return message && message.bodyEnd > message.bodyStart ? Buffer.from(message.body) : undefined;
}
