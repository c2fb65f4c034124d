import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { BranchFailure, BranchView, ReplyView } from '../proxy/fork-options.ts';
import type { MaybePromise } from '../registrar/location-store.ts';
import type { Dialog } from './dialog.ts';
import type { DialogLeg, DialogSide } from './dialog-leg.ts';

/** `downstream` is from the caller to the callee. */
export type DialogDirection = 'downstream' | 'upstream';

/** A request of a dialog on its way through, its answers with it. */
export interface DialogPassage {
  readonly dialog: Dialog;
  /** As it was received: the INVITE, an ACK of a 2xx, or any other. */
  readonly request: SipMessage;
  readonly direction: DialogDirection;
  /** Whether it is the INVITE that makes the dialog. */
  readonly initial: boolean;
  /** Undefined for an ACK. */
  readonly transaction: ServerTransaction | undefined;
  /** The party that sent it. */
  readonly sender: DialogLeg;
  /** The party that it is for; undefined for the INVITE that makes the dialog. */
  readonly receiver: DialogLeg | undefined;
}

/** How a dialog has ended. */
export interface DialogEnd {
  /** `failed`: never answered with a 2xx; `expired`: its lifetime is over. */
  readonly cause: 'bye' | 'failed' | 'cancelled' | 'expired' | 'server';
  readonly by: DialogSide | 'server';
  /** `Upstream BYE` (of the callee), `Downstream BYE`, `Lifetime Timeout`, `Ping Timeout`, `ReINVITE Ping Timeout`, or what its ender says. */
  readonly reason: string;
  /** The final answer to the INVITE, where it was a negative one. */
  readonly status?: number | undefined;
}

export type DialogEvent =
  /** It was made; no answer has come. */
  | { readonly kind: 'created' }
  /** A provisional answer with a To tag was passed on; once. */
  | { readonly kind: 'early' }
  /** The first 2xx is passed on now. */
  | { readonly kind: 'confirmed' }
  /** The ACK of the 2xx has come; once. */
  | { readonly kind: 'acknowledged' }
  /** It was known before a restart; only who observes all dialogs hears of it. */
  | { readonly kind: 'restored' }
  | { readonly kind: 'ended'; readonly end: DialogEnd };

/** Whoever wants to see a dialog's messages, and change them: media, accounting, scripts. All of it is optional. */
export interface DialogObserver {
  /** A request of the dialog has come; the dialog knows of it already. */
  onRequest?(passage: DialogPassage): void;
  /** A branch of it before it is written, which waits for the promise; an ACK comes as a branch, too. */
  onBranch?(branch: BranchView, passage: DialogPassage): MaybePromise<void>;
  /** An answer before it is passed on, which waits for the promise, and those behind it. */
  onReply?(reply: ReplyView, passage: DialogPassage): MaybePromise<void>;
  /** A branch of it has failed: with an answer that may not be the one that is passed on, or without any. */
  onFailure?(failure: BranchFailure, passage: DialogPassage): void;
  onEvent?(dialog: Dialog, event: DialogEvent): void;
}
