// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Answers that nothing is kept for. */
export interface SlNames {
  /** Answers the request, and keeps nothing of a final answer. */
  sl_send_reply(code: Argument, reason: Argument): boolean;
  /** Answers with what went wrong last, or 500. */
  sl_reply_error(): boolean;
}
