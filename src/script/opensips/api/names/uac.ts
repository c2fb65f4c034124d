// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Answers challenges for callers, and shows other identities in From and To. */
export interface UacNames {
  /** Puts another name or URI into From; of one argument it is the URI. */
  uac_replace_from(display?: Argument, uri?: Argument): boolean;
  /** Puts another name or URI into To; of one argument it is the URI. */
  uac_replace_to(display?: Argument, uri?: Argument): boolean;
  /** Puts From back in a request inside a dialog, where restore_mode is manual. */
  uac_restore_from(): boolean;
  /** Puts To back in a request inside a dialog, where restore_mode is manual. */
  uac_restore_to(): boolean;
  /** Answers the 401 or 407 that a branch has failed with, by the credentials of uac_auth; `t_relay()` sends the request again. */
  uac_auth(algorithms?: Argument): boolean;
  /** Raises the number of CSeq of the request that goes out; its answers have the one that it came with. */
  uac_inc_cseq(cseq: Argument): boolean;
}
