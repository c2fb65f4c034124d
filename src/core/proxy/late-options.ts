import type { ForkOptions } from './fork-options.ts';

const NONE: ForkOptions = Object.freeze({});

/**
 * What the answers of a request are handled by that come when it is settled. What only requests need is left out, for it
 * holds the request as it was read.
 */
export function lateOptions({ path, onReply, onReplyWritten, onFailure }: ForkOptions): ForkOptions {
  const needed = path ?? onReply ?? onReplyWritten ?? onFailure;
  if (needed === undefined) return NONE;
  return {
    ...(path !== undefined && { path }),
    ...(onReply !== undefined && { onReply }),
    ...(onReplyWritten !== undefined && { onReplyWritten }),
    ...(onFailure !== undefined && { onFailure }),
  };
}
