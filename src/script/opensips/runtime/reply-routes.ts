import type { BranchRef, BranchView, ReplyView } from '../../../core/proxy/fork-options.ts';
import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { Flow } from '../../../net/flow.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import type { BranchTarget } from './branch-target.ts';
import { MessageChanges } from './message-changes.ts';
import type { BegunBranch, RequestContext } from './request-context.ts';
import { ScriptMessage } from './script-message.ts';

/** Runs the branch route that was armed, and lets it have its say on the way out. */
export function runBranchRoute(
  context: RequestContext,
  view: BranchView,
  target: BranchTarget,
): MaybePromise<void> {
  const name = context.onBranch;
  const onReply = context.onReply;
  if (name === undefined) {
    context.begun[view.index] = begin(target, undefined, undefined);
    return undefined;
  }
  const changes = new MessageChanges();
  const m = new ScriptMessage(context, 'branch', name, {
    message: context.request,
    flow: context.flow,
    changes,
    target,
    branchView: view,
    branchIndex: view.index,
  });
  const { du, socket } = target;
  const finish = (): void => {
    // A reply route that is armed in a branch route is that branch's alone.
    const own = context.onReply === onReply ? undefined : context.onReply;
    context.onReply = onReply;
    context.begun[view.index] = begin(target, own, m.branchValues);
    if (m.dropped || target.parsed === undefined || !target.leadsSomewhere) {
      view.drop();
      return;
    }
    view.requestUri = target.uri;
    if (target.du !== du) view.nextHop = target.du ?? undefined;
    if (target.socket !== socket) view.listener = target.socket?.name;
    if (!changes.empty) view.addEdit((edit, to) => changes.apply(edit, to.reader));
  };
  const run = context.program.run(m);
  return run instanceof Promise ? run.then(finish) : finish();
}

function begin(
  target: BranchTarget,
  onReply: string | undefined,
  values: BegunBranch['values'],
): BegunBranch {
  return { target, onReply, lastStatus: 0, ref: undefined, values };
}

/**
 * Runs the reply routes that see a reply: the nameless one, that of its branch, that of its request.
 * @returns whether one of them dropped it
 */
export function runReplyRoutes(
  context: RequestContext,
  response: SipMessage,
  flow: Flow,
  changes: MessageChanges,
  ref: BranchRef,
  view: ReplyView | undefined,
): MaybePromise<boolean> {
  const { program } = context;
  const { index: branch } = ref;
  const begun = context.begun[branch];
  if (begun) {
    begun.lastStatus = response.status;
    begun.ref = ref;
  }
  const own = begun?.onReply;
  const global = program.seesAllReplies;
  if (!global && own === undefined && context.onReply === undefined && context.watchers.length === 0)
    return false;
  const names = global ? [''] : [];
  if (own !== undefined) names.push(own);
  if (context.onReply !== undefined) names.push(context.onReply);
  context.reply = response;
  const messageFor = (name: string) =>
    new ScriptMessage(context, 'onreply', name, {
      message: response,
      flow,
      changes,
      target: begun?.target ?? context.target,
      replyView: view,
      branchIndex: branch,
    });
  for (const watcher of context.watchers) watcher.replied?.(messageFor(''));
  let dropped = false;
  const from = (at: number): MaybePromise<boolean> => {
    for (let i = at; i < names.length; i++) {
      const m = messageFor(names[i]!);
      const run = program.run(m);
      if (run instanceof Promise) {
        return run.then(() => {
          dropped ||= m.dropped;
          return from(i + 1);
        });
      }
      dropped ||= m.dropped;
    }
    return dropped;
  };
  return from(0);
}

/** Runs the failure route that was armed; `$ru` and its like are those of the branch whose answer was chosen. */
export function runFailureRoute(
  context: RequestContext,
  name: string,
  winner: BranchTarget,
): MaybePromise<unknown> {
  context.target.become(winner);
  context.branches = [];
  const m = new ScriptMessage(context, 'failure', name, {
    message: context.request,
    flow: context.flow,
    changes: context.changes,
    target: context.target,
  });
  return context.program.run(m);
}
