import type { Flow } from '../../net/flow.ts';
import type { AddressParts } from '../../net/listener.ts';
import type { Destination } from '../../net/network.ts';
import type { HeaderEntry } from '../../wire/sip/build.ts';
import type { MessageEdit } from '../../wire/sip/edit.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { Hook } from './hook.ts';
import type { LooseRoute } from './loose-route.ts';
import type { Hop } from './next-hop.ts';
import type { Side } from './record-route.ts';
import type { Target } from './target.ts';

/** One hop that a request is written for. What is printed in it follows this: `advertise.printed(to.reader)`. */
export interface HopView {
  /** The party that will read it, by the socket that sends. */
  readonly reader: Side;
  /** The party that sent the request, by the socket that received it. */
  readonly sender: Side;
  readonly destination: Destination;
  /** The branch of our Via in it. */
  readonly viaBranch: string;
}

/** Changes a request for one hop; called for each that is tried, so it must give the same for the same. */
export type RequestEdit = (edit: MessageEdit, to: HopView) => void;

/** One branch before its request is written: what may still change. An ACK of a 2xx comes as one, too. */
export interface BranchView {
  /** Counts the branches of one request from 0, those of later forks too. */
  readonly index: number;
  /** The request as it was received. */
  readonly request: SipMessage;
  readonly target: Target;
  requestUri: string;
  /** A URI to send to whatever Routes and Request-URI say; nothing of it is written. */
  nextHop: string | undefined;
  /** Name of the listener to send from. */
  listener: string | undefined;
  /** Stay in the path of the dialog. */
  recordRoute: boolean;
  /** Printed in this branch: INVITE, its CANCEL and its negative ACK, and what its answers carry back. */
  advertise: AddressParts | undefined;
  /** Headers added to this branch alone. */
  readonly headers: HeaderEntry[];
  /** Changes this branch alone, after {@link ForkOptions.edit} and those added before; a body, too. */
  addEdit(edit: RequestEdit): void;
  /** Sends nothing: the branch has failed with that status. */
  drop(status?: number): void;
}

/** A branch that was begun. */
export interface BranchRef {
  /** As {@link BranchView.index}. */
  readonly index: number;
  readonly target: Target;
  /** The hop that is being tried, or was tried last. */
  readonly hop: Hop | undefined;
  /** What it was sent on. */
  readonly flow: Flow | undefined;
  /** Whether the next hop is the user agent itself, and not a proxy before it. */
  readonly direct: boolean;
  /** Whether a final answer has come, or it was given up. */
  readonly done: boolean;
  readonly cancelled: boolean;
  /** Asks the callee to stop; the branch ends with what it answers. */
  cancel(reason?: string): void;
}

/** An answer on its way back, before it is written. */
export interface ReplyView {
  readonly response: SipMessage;
  /** What the proxy changes is in it already; further edits are the hook's, a body too. */
  readonly edit: MessageEdit;
  /** Printed in this answer, in place of what the request was set to print. */
  advertise: AddressParts | undefined;
  /** Who reads the answer, and what is printed to them: `advertise.printed(view.reader)`; follows {@link advertise}. */
  readonly reader: Side;
  /** Who has answered. */
  readonly sender: Side;
  readonly branch: BranchRef;
  /** Keeps a provisional answer back; does nothing for a final one. */
  drop(): void;
}

/** A negative answer of one branch, before the best of all is chosen. */
export interface BranchFailure {
  readonly branch: BranchRef;
  readonly status: number;
  /** Undefined where none came: 408 no answer, 480 nowhere to send, 503 not sent, 487 cancelled. */
  readonly response: SipMessage | undefined;
}

/** What a script puts into the Path. */
export interface PathWish {
  /** In place of a token for the flow of the client. */
  readonly user?: string | undefined;
  /** Parameters of the half that leads to the client, each with its `;` in front. */
  readonly params?: string | undefined;
}

export interface ForkOptions {
  /** How long each group of targets may take to a final answer, in ms; then its branches are cancelled. */
  readonly timeoutMs?: number;
  /** Each provisional answer gives the group its whole time again. */
  readonly restartTimeout?: boolean;
  /** How long a branch may take to any answer, in ms; by default as long as its transaction (timers B and F). */
  readonly noAnswerMs?: number;
  /** How many more targets may come by `Proxy.addTarget`: while one may, the fork is not over before its time is. */
  readonly awaitTargets?: number;
  /** Printed in everything this request causes; `by-destination` (the default) leaves it to the policy. */
  readonly advertise?: AddressParts | 'by-destination';
  /** Stay in the path of the dialog. By default for requests that begin one. */
  readonly recordRoute?: boolean;
  /** More parameters of the Record-Route URI, each with its `;` in front. */
  readonly recordRouteParams?: string;
  /** Record-Route values to write in place of our own, topmost first; whether they lead back here is not looked at. */
  readonly recordRoutePreset?: readonly string[];
  /** Add a Path, so that what a registrar behind this server sends comes back this way (RFC 3327). */
  readonly path?: boolean | PathWish;
  /** The Routes of the request, where they have been looked at. */
  readonly looseRoute?: LooseRoute;
  /** Name of the listener to send from. */
  readonly listener?: string;
  /** Headers added to every branch. */
  readonly headers?: readonly HeaderEntry[];
  /** Changes to the received request that every branch carries. */
  readonly edit?: RequestEdit;
  /**
   * How much {@link edit} adds to the number of CSeq, and {@link onReply} takes off again, as where a challenge is answered
   * for the caller: the dialog counts on from there.
   */
  readonly cseqRaise?: number;
  /** Sees each branch before its request is written, which waits for the promise that it may return. */
  readonly onBranch?: Hook<BranchView>;
  /**
   * Sees each answer before it is passed on: provisional ones, every 2xx with its repetitions, and the negative one that
   * is chosen. Answers of one fork wait for each other, so that they keep their order; for 10 s at the most.
   */
  readonly onReply?: Hook<ReplyView>;
  /** Sees each request as it is written for a hop, whether or not that hop then takes it. */
  readonly onRequestWritten?: (bytes: Buffer, to: HopView, branch: number) => void;
  /** Sees each answer as it is written, right before it is passed on. */
  readonly onReplyWritten?: (bytes: Buffer, reply: ReplyView) => void;
  /** Hears of each branch that has failed. */
  readonly onFailure?: (failure: BranchFailure) => void;
}

/** What {@link ForkOptions} can say about a request that is forwarded without a transaction. */
export type StatelessOptions = Pick<
  ForkOptions,
  | 'advertise'
  | 'recordRoute'
  | 'recordRouteParams'
  | 'recordRoutePreset'
  | 'looseRoute'
  | 'listener'
  | 'headers'
  | 'edit'
  | 'onBranch'
  | 'onRequestWritten'
>;

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
