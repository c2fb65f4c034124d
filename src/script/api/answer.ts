import type { ForkOutcome } from '../../core/proxy/fork-options.ts';
import type { HeaderEntry } from '../../wire/sip/build.ts';

export type { ForkOutcome };

/** Headers as scripts give them: `{ 'Retry-After': '30', Warning: ['…', '…'] }`. */
export type HeaderFields = Readonly<Record<string, string | readonly string[]>>;

/** A final answer that this server makes itself; it is sent when the handler returns it. Made by the call. */
export interface Reply {
  readonly kind: 'reply';
  /** 200 to 699. */
  readonly status: number;
  /** The phrase of the RFC where it is undefined. */
  readonly reason: string | undefined;
  readonly headers: readonly HeaderEntry[];
  readonly body: Buffer | undefined;
}

/** The request follows its route set, as sequential requests do; made by `call.followRoute()`. */
export interface FollowRoute {
  readonly kind: 'follow-route';
}

/**
 * What a handler must return on every path. Of a fork, a 2xx has been forwarded by the time the script sees the outcome;
 * the best negative answer goes upstream when the handler returns it, and stays unsent when it returns something else.
 */
export type Answer = Reply | FollowRoute | ForkOutcome;
