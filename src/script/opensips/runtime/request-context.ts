import type { BranchFailure, BranchRef, PathWish } from '../../../core/proxy/fork-options.ts';
import type { LooseRoute } from '../../../core/proxy/loose-route.ts';
import type { Target } from '../../../core/proxy/target.ts';
import type { Flow } from '../../../net/flow.ts';
import type { AddressParts } from '../../../net/listener.ts';
import type { ServerTransaction } from '../../../transaction/server-transaction.ts';
import type { HeaderEntry } from '../../../wire/sip/build.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import type { Value } from '../value.ts';
import { Avps } from './avps.ts';
import { BranchTarget } from './branch-target.ts';
import type { ContextKey } from './context-key.ts';
import { MessageChanges } from './message-changes.ts';
import type { RunningProgram } from './running-program.ts';
import type { ScriptMessage } from './script-message.ts';

/** What modules hear of a request; see {@link RequestContext.watch}. */
export interface RequestWatcher {
  /** It is about to be forwarded; once for each `t_relay` that sends something. */
  relaying?(context: RequestContext): void;
  /** A reply came on a branch, before the reply routes see it. */
  replied?(m: ScriptMessage): void;
  /** A branch has come to nothing. */
  failed?(context: RequestContext, failure: BranchFailure): void;
  /** All branches of a fork have failed with that status; a failure_route may try others. */
  exhausted?(context: RequestContext, status: number, reply: SipMessage | undefined): void;
  /** Its final answer was sent; `reply` is the one that came, undefined where the server made it. */
  answered?(context: RequestContext, status: number, reply: SipMessage | undefined): void;
  /** Nothing more will come of it. */
  ended?(context: RequestContext): void;
}

const NOBODY: readonly RequestWatcher[] = [];

/** How the request stays in the path of its dialog, as `record_route` has said. */
export interface RecordRouteWish {
  /** Parameters of the URI, each with its `;`. */
  params: string;
  /** Instead of the server's own addresses: the outbound and the inbound half. */
  preset: readonly string[] | undefined;
}

/** A branch that was sent. */
export interface BegunBranch {
  readonly target: BranchTarget;
  /** The reply route that was armed in its branch route. */
  readonly onReply: string | undefined;
  /** The last status that came, 0 before any. */
  lastStatus: number;
  /** Once a reply has come. */
  ref: BranchRef | undefined;
  /** `$bavp(…)` */
  values: Map<string, Value> | undefined;
}

/**
 * A request and all that a script makes of it, shared by its request, branch, reply and failure routes: OpenSIPS's
 * message and transaction in one.
 */
export class RequestContext {
  /** The program that the request began with, which may have been replaced since. */
  readonly program: RunningProgram;
  /** Counts the messages that the script has seen. */
  readonly number: number;
  readonly request: SipMessage;
  readonly flow: Flow;
  /** Undefined for an ACK, and where no request is at hand (startup and timer routes). */
  readonly transaction: ServerTransaction | undefined;
  /** Of a CANCEL: the INVITE that it names. */
  readonly invite: ServerTransaction | undefined;
  readonly avps: Avps = new Avps();
  /** Branch 0: the Request-URI and what belongs to it. */
  readonly target: BranchTarget;
  /** Branches 1 and up. */
  branches: BranchTarget[] = [];
  /** Groups of branches that were put by (`serialize_branches`), the next first. */
  readonly serial: BranchTarget[][] = [];
  readonly changes: MessageChanges = new MessageChanges();
  /** Printed in everything that the request causes (`set_advertised_address`, `set_advertised_port`). */
  advertise: AddressParts | undefined;
  recordRoute: RecordRouteWish | undefined;
  /** The Path that a REGISTER gets on its way (`add_path`). */
  path: PathWish | undefined;
  /** Parameters that came before `record_route` was called (`add_rr_param`). */
  recordRouteParams = '';
  /** Names of the routes that were armed (`t_on_reply`, `t_on_failure`, `t_on_branch`). */
  onReply: string | undefined;
  onFailure: string | undefined;
  onBranch: string | undefined;
  /** Headers of answers that the server makes (`append_to_reply`). */
  readonly replyHeaders: HeaderEntry[] = [];
  /** The body of such answers (`append_body_to_reply`). */
  replyBody: Buffer | undefined;
  /** The latest reply that came on any branch, and the one that failed it (failure routes). */
  reply: SipMessage | undefined;
  /** The status that a failure route handles, or the latest that was passed on. */
  replyStatus = 0;
  /** A CANCEL of the caller has come. */
  cancelled = false;
  /** It has its final answer, which nothing was kept of. */
  dismissed = false;
  /** Something has been done with the request: forwarded, answered, or kept for later. */
  handled = false;
  /** Forks that have not come to their outcome. */
  forks = 0;
  /** What belongs to each branch that was begun, by its index. */
  readonly begun: BegunBranch[] = [];
  /** What reply routes have changed in negative answers, which are passed on when all have come. */
  replyChanges: Map<SipMessage, MessageChanges> | undefined;
  /** The branch that each negative answer came by. */
  branchOfReply: Map<SipMessage, number> | undefined;
  /** The Routes of the request, where `loose_route` has looked at them. */
  looseRoute: LooseRoute | undefined;
  /** `$du` as the Routes of the request say it: then nothing else need be said of the way. */
  routedTo: string | null = null;
  /** How much is added to the number of CSeq when it is forwarded; its answers have the number as it came. */
  cseqRaise = 0;
  /** In ms: how long a branch may go without any reply (`$T_fr_timeout`). */
  silenceTimeoutMs: number | undefined;
  /** Whether each provisional answer gives the whole time again. */
  restartTimeout = true;
  /** How many more branches may come while it is forwarded (`t_wait_for_new_branches`). */
  awaitTargets = 0;
  /** What the targets of the latest fork were made of. */
  targets: Map<Target, BranchTarget> | undefined;
  /** Of an INVITE, in ms: how long each fork may take to a final answer (`$T_fr_inv_timeout`). */
  ringTimeoutMs: number | undefined;
  #watchers: RequestWatcher[] | undefined;
  /** By the numbers of their keys. */
  #own: unknown[] | undefined;
  #flags: Set<string> | undefined;
  #hold: { context: RequestContext | undefined } | undefined;

  constructor(
    program: RunningProgram,
    request: SipMessage,
    flow: Flow,
    transaction: ServerTransaction | undefined,
    invite?: ServerTransaction,
  ) {
    this.program = program;
    this.number = program.nextNumber();
    this.request = request;
    this.flow = flow;
    this.transaction = transaction;
    this.invite = invite;
    this.target = new BranchTarget(request.requestUri);
  }

  /** Whether the request has its final answer. */
  get answered(): boolean {
    return this.dismissed || (this.transaction?.lastStatus ?? 0) >= 200;
  }

  /** Message flags by name (`setflag`). */
  get flags(): Set<string> {
    this.#flags ??= new Set();
    return this.#flags;
  }

  /** How what outlives the request by far refers to it. */
  get hold(): { readonly context: RequestContext | undefined } {
    this.#hold ??= { context: this };
    return this.#hold;
  }

  /** Lets it go where nothing is left that anybody could see: repeated answers are passed on without it. */
  release(): void {
    const { begun, onReply, program } = this;
    const invite = this.request.method === 'INVITE';
    const seen =
      onReply !== undefined ||
      this.cseqRaise > 0 ||
      program.seesAllReplies ||
      begun.some((it) => it.onReply !== undefined);
    if (this.#hold !== undefined && this.#watchers === undefined && !(invite && seen))
      this.#hold.context = undefined;
  }

  /** Has a module hear what becomes of the request. */
  watch(watcher: RequestWatcher): void {
    if (this.#watchers === undefined) this.#watchers = [watcher];
    else this.#watchers.push(watcher);
  }

  get watchers(): readonly RequestWatcher[] {
    return this.#watchers ?? NOBODY;
  }

  get<T>(key: ContextKey<T>): T | undefined {
    return this.#own?.[key.number] as T | undefined;
  }

  set<T>(key: ContextKey<T>, value: T): void {
    this.#own ??= [];
    this.#own[key.number] = value;
  }
}
