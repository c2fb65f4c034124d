import type {
  BranchFailure,
  BranchView,
  ForkOptions,
  ReplyView,
  StatelessOptions,
} from '../../../core/proxy/fork-options.ts';
import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import { H } from '../../../wire/sip/header-name.ts';
import { BranchTarget } from './branch-target.ts';
import { MessageChanges } from './message-changes.ts';
import { runBranchRoute, runReplyRoutes } from './reply-routes.ts';
import type { RequestContext } from './request-context.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What holds for a request however it is forwarded. */
export function statelessOptions(context: RequestContext): Mutable<ForkOptions> & StatelessOptions {
  const { advertise, recordRoute, recordRouteParams } = context;
  const options: Mutable<ForkOptions> = { recordRoute: recordRoute !== undefined };
  if (context.looseRoute !== undefined) options.looseRoute = context.looseRoute;
  if (recordRoute !== undefined) {
    options.recordRouteParams = recordRouteParams + recordRoute.params;
    if (recordRoute.preset !== undefined) options.recordRoutePreset = recordRoute.preset;
  }
  if (advertise !== undefined) options.advertise = advertise;
  const edit = requestEdit(context, context.changes.snapshot());
  if (edit !== undefined) options.edit = edit;
  return options;
}

/** What is changed in the request, with the number of CSeq that it goes on with. */
function requestEdit({ request, cseqRaise }: RequestContext, changes: MessageChanges): ForkOptions['edit'] {
  if (cseqRaise === 0) return changes.empty ? undefined : (edit, to) => changes.apply(edit, to.reader);
  const cseq = `${(request.cseq?.number ?? 0) + cseqRaise} ${request.method}`;
  return (edit, to) => {
    changes.apply(edit, to.reader);
    edit.set(H.CSeq, cseq);
  };
}

/** How a request is forwarded with a transaction, with what the script and its modules see of it. */
export function forkOptions(context: RequestContext): ForkOptions {
  const { path, ringTimeoutMs, silenceTimeoutMs, awaitTargets, cseqRaise } = context;
  const options = statelessOptions(context);
  if (path !== undefined) options.path = path;
  if (ringTimeoutMs !== undefined) {
    options.timeoutMs = ringTimeoutMs;
    options.restartTimeout = context.restartTimeout;
  }
  if (silenceTimeoutMs !== undefined) options.noAnswerMs = silenceTimeoutMs;
  if (awaitTargets > 0) options.awaitTargets = awaitTargets;
  if (cseqRaise > 0) options.cseqRaise = cseqRaise;
  if (isSeen(context)) hook(options, context.hold);
  return options;
}

/** Whether anybody looks at branches and replies; where nobody does nothing need be shown. */
export function isSeen({ program, watchers, cseqRaise }: RequestContext): boolean {
  return program.seesBranches || watchers.length > 0 || cseqRaise > 0;
}

/** The options outlive the request by 32 s, and the hooks must not keep it for so long. */
function hook(options: Mutable<ForkOptions>, hold: RequestContext['hold']): void {
  options.onBranch = (view) => hold.context && branchBegins(hold.context, view);
  options.onReply = (view) => hold.context && replied(hold.context, view);
  options.onFailure = (failure) => hold.context && failed(hold.context, failure);
  options.onReplyWritten = (_bytes, { response }) => {
    if (hold.context === undefined) return;
    hold.context.reply = response;
    hold.context.replyStatus = response.status;
  };
}

function branchBegins(context: RequestContext, view: BranchView): MaybePromise<void> {
  return runBranchRoute(
    context,
    view,
    context.targets?.get(view.target) ?? new BranchTarget(view.requestUri),
  );
}

/** Runs the reply routes, and puts what they changed into what is passed on. */
function replied(context: RequestContext, view: ReplyView): MaybePromise<void> {
  const { response, branch } = view;
  const { request, cseqRaise } = context;
  if (cseqRaise > 0) view.edit.set(H.CSeq, `${request.cseq?.number ?? 0} ${request.method}`);
  const known = context.replyChanges?.get(response);
  if (known !== undefined) {
    // A negative answer has been through the routes when it came.
    known.apply(view.edit, view.reader);
    return undefined;
  }
  const changes = new MessageChanges();
  const dropped = runReplyRoutes(context, response, branch.flow ?? context.flow, changes, branch, view);
  if (dropped instanceof Promise) return dropped.then((drop) => leaveRoutes(view, changes, drop));
  return leaveRoutes(view, changes, dropped);
}

function leaveRoutes(view: ReplyView, changes: MessageChanges, dropped: boolean): void {
  if (dropped && view.response.status < 200) view.drop();
  if (!changes.empty) changes.apply(view.edit, view.reader);
}

function failed(context: RequestContext, failure: BranchFailure): void {
  const { branch, response } = failure;
  for (const watcher of context.watchers) watcher.failed?.(context, failure);
  if (response === undefined) return;
  const changes = new MessageChanges();
  context.replyChanges ??= new Map();
  context.replyChanges.set(response, changes);
  context.branchOfReply ??= new Map();
  context.branchOfReply.set(response, branch.index);
  void runReplyRoutes(context, response, branch.flow ?? context.flow, changes, branch, undefined);
}
