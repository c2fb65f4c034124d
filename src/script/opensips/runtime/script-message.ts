import type { BranchView, ReplyView } from '../../../core/proxy/fork-options.ts';
import type { Flow } from '../../../net/flow.ts';
import type { AddressParts } from '../../../net/listener.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import type { RouteKind } from '../frame/route-kind.ts';
import type { Value } from '../value.ts';
import type { Avps } from './avps.ts';
import type { BranchTarget } from './branch-target.ts';
import { MessageChanges } from './message-changes.ts';
import type { RequestContext } from './request-context.ts';
import type { RunningProgram } from './running-program.ts';

/** What `$err…` says in the error_route. */
export interface ScriptFailure {
  readonly reason: string;
  /** The answer that is recommended. */
  readonly status: number;
  readonly text: string;
}

/**
 * What a function of a script works on: one run of a top route with the message that set it off. Everything that
 * outlives the run is in {@link context}.
 */
export class ScriptMessage {
  readonly context: RequestContext;
  /** The kind of the top route that runs. */
  readonly route: RouteKind;
  /** Its name, '' for the nameless ones. */
  readonly routeName: string;
  /** The request, or in reply routes the reply; as it came. */
  readonly message: SipMessage;
  /** Where the message came from. */
  readonly flow: Flow;
  /** What the script changes in this message. */
  readonly changes: MessageChanges;
  /** What `$ru`, `$du`, branch flags mean: branch 0, in branch and reply routes the branch at hand. */
  readonly target: BranchTarget;
  /** In reply routes: the reply on its way back. */
  readonly replyView: ReplyView | undefined;
  /** In branch routes: the request on its way out. */
  readonly branchView: BranchView | undefined;
  /** Of the branch at hand, from 0; -1 where there is none. */
  readonly branchIndex: number;
  /** `$rc`: what the last function or route returned. */
  rc = 1;
  /** `$bavp(…)` of a branch that is not sent yet. */
  branchValues: Map<string, Value> | undefined;
  /** `$xlog_level` of this run. */
  xlogLevel: number | undefined;
  /** What sets off the error_route when the run has ended. */
  failed: ScriptFailure | undefined;
  /** `drop` was called. */
  dropped = false;
  /** `$var(…)`, by the numbers that the compiler has given them. */
  readonly vars: Value[] = [];
  /** `$param(…)` of the route that runs. */
  params: readonly Value[] = [];
  /** Those of the routes that wait for it. */
  paramStack: (readonly Value[])[] | undefined;
  /** `$return(…)` */
  returned: readonly Value[] = [];
  /** Names of the routes that run, the top route first. */
  readonly stack: string[];
  /** For `event_route`: the parameters of the event by name. */
  event: ReadonlyMap<string, Value> | undefined;

  constructor(
    context: RequestContext,
    route: RouteKind,
    routeName: string,
    parts: {
      readonly message: SipMessage;
      readonly flow: Flow;
      readonly changes: MessageChanges;
      readonly target: BranchTarget;
      readonly replyView?: ReplyView | undefined;
      readonly branchView?: BranchView | undefined;
      readonly branchIndex?: number;
    },
  ) {
    this.context = context;
    this.route = route;
    this.routeName = routeName;
    this.stack = [routeName];
    this.message = parts.message;
    this.flow = parts.flow;
    this.changes = parts.changes;
    this.target = parts.target;
    this.replyView = parts.replyView;
    this.branchView = parts.branchView;
    this.branchIndex = parts.branchIndex ?? -1;
  }

  /** What is printed: in a branch route in that branch, in a reply route in that reply, else in all of the request. */
  get advertise(): AddressParts | undefined {
    return (this.branchView ?? this.replyView ?? this.context).advertise;
  }

  set advertise(parts: AddressParts | undefined) {
    (this.branchView ?? this.replyView ?? this.context).advertise = parts;
  }

  get program(): RunningProgram {
    return this.context.program;
  }

  get avps(): Avps {
    return this.context.avps;
  }

  get isRequest(): boolean {
    return this.message.isRequest;
  }

  /** A run of its own on the same message, for what goes on beside this one. */
  apart(variables: number): ScriptMessage {
    const { message, flow, changes, target, replyView, branchView, branchIndex } = this;
    const parts = { message, flow, changes, target, replyView, branchView, branchIndex };
    const apart = new ScriptMessage(this.context, this.route, this.routeName, parts);
    for (let i = 0; i < variables; i++) apart.vars.push(null);
    return apart;
  }

  /** The same run as the request's routes see it: `$(<request>…)`. */
  asRequest(): ScriptMessage {
    if (this.isRequest) return this;
    const { context } = this;
    const { request: message, flow, changes } = context;
    return new ScriptMessage(context, this.route, this.routeName, {
      message,
      flow,
      changes,
      target: this.target,
    });
  }

  /** The same run as reply routes see it: `$(<reply>…)`; the request itself where no reply has come. */
  asReply(): ScriptMessage {
    const { reply } = this.context;
    if (!this.isRequest || reply === undefined) return this;
    const { flow, target } = this;
    return new ScriptMessage(this.context, this.route, this.routeName, {
      message: reply,
      flow,
      changes: new MessageChanges(),
      target,
    });
  }
}
