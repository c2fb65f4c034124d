import type { RequestContext } from './request-context.ts';

/**
 * Tells the watchers of a request what came of it, when it has its final answer or will get none.
 * @param status that of the answer; undefined where nothing of it was kept
 */
export function tellAnswer(context: RequestContext, status: number | undefined): void {
  // What the server gives itself and forgets at once has no status here.
  const answered = status ?? (context.dismissed ? context.replyStatus : undefined);
  for (const watcher of context.watchers) {
    if (answered !== undefined) watcher.answered?.(context, answered, passedOn(context, answered));
  }
  if (status === undefined) ended(context);
  else if (context.watchers.length > 0) context.transaction!.onTerminated = () => ended(context);
  context.release();
}

function ended(context: RequestContext): void {
  for (const watcher of context.watchers) watcher.ended?.(context);
}

function passedOn({ reply }: RequestContext, status: number): RequestContext['reply'] {
  return reply?.status === status ? reply : undefined;
}
