import type { RequestContext } from './request-context.ts';

/** Tells the watchers of a request what came of it. @param done called when it has its final answer, or will get none */
export function trackAnswer(context: RequestContext, done: () => void): void {
  const { transaction } = context;
  if (transaction === undefined) return;
  transaction.onSettled = (status) => {
    done();
    // What the server gives itself and forgets at once has no status here.
    const answered = status ?? (context.dismissed ? context.replyStatus : undefined);
    for (const watcher of context.watchers) {
      if (answered !== undefined) watcher.answered?.(context, answered, passedOn(context, answered));
    }
    if (status === undefined) ended(context);
    else transaction.onTerminated = () => ended(context);
  };
}

function ended(context: RequestContext): void {
  for (const watcher of context.watchers) watcher.ended?.(context);
}

function passedOn({ reply }: RequestContext, status: number): RequestContext['reply'] {
  return reply?.status === status ? reply : undefined;
}
