import type { ReplyView } from '../../../core/proxy/fork-options.ts';
import type { Flow } from '../../../net/flow.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import type { RouteKind } from '../frame/route-kind.ts';
import type { Value } from '../value.ts';
import type { Avps } from './avps.ts';
import type { BranchTarget } from './branch-target.ts';
import type { MessageChanges } from './message-changes.ts';
import type { RequestContext } from './request-context.ts';
import type { RunningProgram } from './running-program.ts';

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
  /** Of the branch at hand, from 0; -1 where there is none. */
  readonly branchIndex: number;
  /** `$rc`: what the last function or route returned. */
  rc = 1;
  /** `drop` was called. */
  dropped = false;
  /** `$var(…)`, by the numbers that the compiler has given them. */
  readonly vars: Value[] = [];
  /** `$param(…)` of the route that runs. */
  params: readonly Value[] = [];
  /** `$return(…)` */
  returned: readonly Value[] = [];
  /** Names of the routes that run, the top route first. */
  readonly stack: string[] = [];
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
      readonly branchIndex?: number;
    },
  ) {
    this.context = context;
    this.route = route;
    this.routeName = routeName;
    this.message = parts.message;
    this.flow = parts.flow;
    this.changes = parts.changes;
    this.target = parts.target;
    this.replyView = parts.replyView;
    this.branchIndex = parts.branchIndex ?? -1;
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
}
