import type { SipMessage } from '../../wire/sip/message.ts';

/** Headers as scripts give them: `{ 'Retry-After': '30', Warning: ['…', '…'] }`. */
export type HeaderFields = Readonly<Record<string, string | readonly string[]>>;

/** A final answer that this server makes itself; it is sent when the handler returns it. Made by the call. */
export interface Reply {
  readonly kind: 'reply';
  /** 200 to 699. */
  readonly status: number;
  /** The phrase of the RFC where it is undefined. */
  readonly reason: string | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | undefined;
}

/** The request follows its route set, as sequential requests do; made by `call.followRoute()`. */
export interface FollowRoute {
  readonly kind: 'follow-route';
}

/**
 * What came of a fork. A 2xx has been forwarded by the time the script sees it; the best negative answer goes
 * upstream when the handler returns the outcome, and stays unsent when it returns something else.
 */
export type ForkOutcome =
  | { readonly kind: 'outcome'; readonly answered: true; readonly status: number }
  | {
      readonly kind: 'outcome';
      readonly answered: false;
      readonly status: number;
      readonly reason: string;
      /** The caller gave up. */
      readonly cancelled: boolean;
      /** The time of the fork was up before anybody answered. */
      readonly timedOut: boolean;
      /** The best negative response; undefined where the status is this server's own. */
      readonly response: SipMessage | undefined;
    };

/** What a handler must return on every path. */
export type Answer = Reply | FollowRoute | ForkOutcome;
