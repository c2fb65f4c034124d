import type { AddressParts } from '../../net/listener.ts';
import type { HeaderEntry } from '../../wire/sip/build.ts';
import type { MessageEdit } from '../../wire/sip/edit.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { Target } from './target.ts';

/** One branch before its request is written: what a script may still change. */
export interface BranchView {
  readonly target: Target;
  requestUri: string;
  /** Printed in this branch: INVITE, its CANCEL and its negative ACK, and what its answers carry back. */
  advertise: AddressParts | undefined;
  /** Headers added to this branch alone. */
  readonly headers: HeaderEntry[];
}

/** An answer on its way back, before it is written. */
export interface ReplyView {
  readonly response: SipMessage;
  /** What the proxy changes is in it already; further edits are the script's. */
  readonly edit: MessageEdit;
  /** Printed in this answer, in place of what the request was set to print. */
  advertise: AddressParts | undefined;
}

export interface ForkOptions {
  /** How long each group of targets may take to a final answer, in ms; then its branches are cancelled. */
  readonly timeoutMs?: number;
  /** Printed in everything this request causes; `by-destination` (the default) leaves it to the policy. */
  readonly advertise?: AddressParts | 'by-destination';
  /** Stay in the path of the dialog. By default for requests that begin one. */
  readonly recordRoute?: boolean;
  /** More parameters of the Record-Route URI, each with its `;` in front. */
  readonly recordRouteParams?: string;
  /** Add a Path, so that what a registrar behind this server sends comes back this way (RFC 3327). */
  readonly path?: boolean;
  /** Name of the listener to send from. */
  readonly listener?: string;
  /** Headers added to every branch. */
  readonly headers?: readonly HeaderEntry[];
  /** Changes to the received request that every branch carries. */
  readonly edit?: (edit: MessageEdit) => void;
  readonly onBranch?: (branch: BranchView) => void;
  readonly onReply?: (reply: ReplyView) => void;
}

/** How forwarding ended. A 2xx was passed on when it came; anything else waits for what is decided about it. */
export type ForkOutcome =
  | { readonly kind: 'outcome'; readonly answered: true; readonly status: number }
  | {
      readonly kind: 'outcome';
      readonly answered: false;
      /** The status of the best answer; 408 where nobody answered, 487 where the caller cancelled. */
      readonly status: number;
      readonly reason: string;
      readonly cancelled: boolean;
      readonly timedOut: boolean;
      /** The best answer, where one truly came. */
      readonly response: SipMessage | undefined;
      /** Headers to add when it is passed on: challenges of the other branches. */
      readonly headers: readonly HeaderEntry[];
    };
