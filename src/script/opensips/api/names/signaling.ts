// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Answers, with or without a transaction. */
export interface SignalingNames {
  /** Answers the request. */
  send_reply(code: Argument, reason: Argument): boolean;
}
