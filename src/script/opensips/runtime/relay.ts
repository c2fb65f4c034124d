import type { ForkOutcome } from '../../../core/proxy/fork-options.ts';
import { nextHops } from '../../../core/proxy/next-hop.ts';
import type { Target } from '../../../core/proxy/target.ts';
import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import { splitRoutes } from '../core/route-list.ts';
import type { Code } from '../frame/function.ts';
import { type BranchTarget, NO_Q } from './branch-target.ts';
import { forkOptions, isSeen, statelessOptions } from './fork-hooks.ts';
import { runFailureRoute } from './reply-routes.ts';
import type { BegunBranch, RequestContext } from './request-context.ts';
import type { ScriptMessage } from './script-message.ts';

/** How a request is forwarded, besides what the script has said of it. */
export interface RelayWishes {
  /** A URI to send all branches to. */
  readonly destination?: string | undefined;
  /** The reason phrase of a 100 that is sent at once to an INVITE; undefined leaves it to the transaction. */
  readonly trying?: string | undefined;
}

/** Codes of `t_relay`. */
const NO_TRANSACTION = -1;
const BAD_URI = -2;
const BAD_DESTINATION = -3;

/**
 * Forwards the request of a context: an INVITE or another request with a transaction, an ACK without one; a CANCEL cancels
 * what was forwarded for its INVITE.
 */
export function relay(m: ScriptMessage, wishes: RelayWishes = {}): Code {
  const { context } = m;
  const { request, transaction, program } = context;
  if (request.method === 'CANCEL') {
    context.handled = true;
    program.services.proxy.cancel(request, context.flow, context.invite);
    return context.invite !== undefined;
  }
  if (request.method === 'ACK') return forwardStateless(m, wishes.destination);
  if (transaction === undefined || context.answered || m.route === 'branch') return NO_TRANSACTION;
  const targets: Target[] = [];
  const kept = isSeen(context) ? new Map<Target, BranchTarget>() : undefined;
  for (const branch of context.branches.length > 0 ? [m.target, ...context.branches] : [m.target]) {
    if (branch.parsed === undefined) return BAD_URI;
    if (!branch.leadsSomewhere) return BAD_DESTINATION;
    const target = targetOf(branch, context, wishes.destination);
    targets.push(target);
    kept?.set(target, branch.copy());
  }
  context.branches = [];
  context.handled = true;
  context.targets = kept;
  if (wishes.trying !== undefined && request.method === 'INVITE' && transaction.lastStatus === 0) {
    transaction.reply({ status: 100, reason: wishes.trying });
  }
  for (const watcher of context.watchers) watcher.relaying?.(context);
  context.forks++;
  const options = forkOptions(context);
  program.services.proxy.forkThen(transaction, [targets], options, (outcome) => ended(context, outcome));
  return true;
}

/** Adds the branches of a message to a fork that runs. @returns false where none is, or it has too many */
export function inject(m: ScriptMessage): boolean {
  const { context } = m;
  const { transaction, program } = context;
  if (transaction === undefined || context.forks === 0) return false;
  let added = false;
  for (const branch of [m.target, ...context.branches]) {
    if (branch.parsed === undefined || !branch.leadsSomewhere) continue;
    const target = targetOf(branch, context);
    context.targets?.set(target, branch.copy());
    added = program.services.proxy.addTarget(transaction, target) || added;
  }
  context.branches = [];
  return added;
}

/** One branch in the words of the proxy. */
function targetOf(branch: BranchTarget, context: RequestContext, destination?: string): Target {
  const { found, du, socket, path } = branch;
  const listener = socket?.name;
  const nextHop = destination ?? (du === null || du === context.routedTo ? undefined : du);
  if (found !== undefined && destination === undefined && branch.isAsFound) {
    return listener === undefined ? found : { ...found, listener };
  }
  return {
    uri: branch.uri,
    route: path === null ? [] : splitRoutes(path),
    q: branch.q === NO_Q ? 1000 : branch.q,
    source: undefined,
    ...(nextHop === undefined ? {} : { nextHop }),
    listener,
    connectionId: 0,
    instance: found?.instance ?? '',
  };
}

/** A fork has come to its outcome. */
function ended(context: RequestContext, outcome: ForkOutcome): void {
  context.forks--;
  if (outcome.answered) return;
  const { response, status } = outcome;
  context.reply = response;
  context.replyStatus = status;
  for (const watcher of context.watchers) watcher.exhausted?.(context, status, response);
  const finish = (): void => {
    if (context.forks === 0 && !context.answered)
      context.program.services.proxy.finish(context.transaction!, outcome);
  };
  const name = context.onFailure;
  if (name === undefined || context.transaction!.state === 'terminated') {
    finish();
    return;
  }
  context.onFailure = undefined;
  const run = runFailureRoute(context, name, winner(context, response));
  if (run instanceof Promise) void run.then(finish);
  else finish();
}

/** The branch whose answer was chosen, else the last one. */
function winner(context: RequestContext, response: SipMessage | undefined): BranchTarget {
  const index = response === undefined ? undefined : context.branchOfReply?.get(response);
  const begun: BegunBranch | undefined = context.begun[index ?? context.begun.length - 1];
  return begun?.target ?? context.target;
}

/** Forwards a request without keeping anything of it; an ACK always goes so. */
export function forwardStateless(m: ScriptMessage, destination: string | undefined): Code {
  const { context } = m;
  const { request, flow, transaction, program } = context;
  if (!m.isRequest) return false;
  if (m.target.parsed === undefined) return BAD_URI;
  if (!m.target.leadsSomewhere) return BAD_DESTINATION;
  const target = targetOf(m.target, context, destination);
  context.handled = true;
  transaction?.forget();
  program.services.proxy.forwardStateless(request, flow, target, statelessOptions(context));
  return true;
}

/** Sends the message as it came, with lines added, to a URI. */
export function sendRaw(
  m: ScriptMessage,
  destination: string,
  headers: string | undefined,
): MaybePromise<Code> {
  const { environment, layer } = m.program.services;
  const { listener } = m.flow;
  const hops = nextHops(
    {
      requestUri: destination,
      routes: [],
      source: undefined,
      connectionId: 0,
      received: listener,
      forced: m.target.socket,
    },
    environment,
  );
  const send = (found: Awaited<typeof hops>): Code => {
    const hop = found[0];
    const out = hop && (hop.flow ?? environment.network.flowTo(hop.listener, hop.destination));
    if (out === undefined) return false;
    const { bytes, headersEnd, bodyEnd } = m.message;
    const parts =
      headers === undefined
        ? [bytes.subarray(0, bodyEnd)]
        : [
            bytes.subarray(0, headersEnd),
            Buffer.from(headers, 'latin1'),
            bytes.subarray(headersEnd, bodyEnd),
          ];
    return layer.sendStateless(Buffer.concat(parts), out);
  };
  return hops instanceof Promise ? hops.then(send) : send(hops);
}
