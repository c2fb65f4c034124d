// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Value } from '../../value.ts';
import type { Argument } from '../message.ts';

/** Transactions: forwarding with replies, failures and branches in the script’s hands. */
export interface TmNames {
  /** Forwards the request to its Request-URI and all branches, with a transaction. Where `$du` is set, it goes before the outbound proxy. */
  t_relay(flags?: Argument, outbound_proxy?: Argument): boolean;
  /** Answers the request; branches that still ring are cancelled by a final answer. */
  t_reply(code: Argument, reason_phrase: Argument): boolean;
  /** Answers the request with a body; `append_to_reply` gives its Content-Type. */
  t_reply_with_body(code: Argument, reason_phrase: Argument, body: Argument): boolean;
  /** Keeps the transaction of the request; an INVITE is answered with 100. */
  t_newtran(): boolean;
  /** Of a CANCEL: whether its INVITE is known. Of others: whether they were seen before, which never comes to the script here. */
  t_check_trans(): boolean;
  /** Whether the status matches: that of the reply at hand, of the failure, or of the last answer. */
  t_check_status(re: Argument): boolean;
  /** Whether no reply came (`all`), or the last one was the server’s own (`last`). */
  t_local_replied(reply: 'all' | 'last' | Argument): boolean;
  /** Whether the caller has given up. */
  t_was_cancelled(): boolean;
  /** Cancels the branch that the reply came by, all others, or all. */
  t_cancel_branch(flags?: Argument): boolean;
  /** Sends a request of the server’s own; the script goes on. The body begins with its Content-Type. */
  t_new_request(method: Argument, RURI: Argument, from: Argument, to: Argument, body?: Argument, ctx?: Argument): boolean;
  /** The failure_route that runs when all branches have failed. */
  t_on_failure(failure_route: Argument): boolean;
  /** The onreply_route that sees each reply; in a branch_route for that branch alone. */
  t_on_reply(reply_route: Argument): boolean;
  /** The branch_route that runs for each branch before it is sent. */
  t_on_branch(branch_route: Argument): boolean;
  /** Adds header lines to all that is forwarded of the request. */
  t_add_hdrs(sip_hdrs: Argument): boolean;
  /** Flags belong to the transaction at once here. */
  t_flush_flags(): boolean;
  /** Lets the request wait for branches that come later, when all others have failed; to be called before t_relay. */
  t_wait_for_new_branches(branches?: Argument): boolean;
  /** Sends the request to its Request-URI and branches as they are now, beside those that ring. Of the sources there is `msg` alone. */
  t_inject_branches(source: 'msg' | 'event' | Argument, flags?: Argument): boolean;
  /** The index of a branch that has an attribute, of a value where one is given. */
  t_get_branch_idx_by_attr(attr: Argument, val_str?: Argument, val_int?: Argument, result_var?: string, offset?: Argument): boolean;
  /** Index of the branch at hand, from 0; NULL where there is none. */
  readonly $T_branch_idx: Value;
  /** The status of the reply at hand, of the failure, or of the last answer. */
  readonly $T_reply_code: Value;
  /** Seconds that this request may go without any reply. */
  get $T_fr_timeout(): Value;
  set $T_fr_timeout(value: Argument);
  /** Seconds that this INVITE may ring. */
  get $T_fr_inv_timeout(): Value;
  set $T_fr_inv_timeout(value: Argument);
  /** Request-URI of the branch at hand. */
  readonly $T_ruri: Value;
  /** A name of the transaction, unlike that of any other. */
  readonly $T_id: Value;
  /** The last status that came on the branch at hand, or on that of an index. */
  $T_branch_last_reply_code(name?: string): Value;
  /** As an AVP, but each branch has its own. */
  $bavp(name: string): Value;
  /** Request-URI of a branch that was sent. */
  readonly '$tm.branch.uri': Value;
  /** Next hop of a branch that was sent. */
  readonly '$tm.branch.duri': Value;
  /** Path of a branch that was sent. */
  readonly '$tm.branch.path': Value;
  /** q of a branch that was sent, in thousandths. */
  readonly '$tm.branch.q': Value;
  /** Flags of a branch that was sent. */
  readonly '$tm.branch.flags': Value;
  /** Socket that a branch was sent from. */
  readonly '$tm.branch.socket': Value;
  /** The last status that came on a branch. */
  readonly '$tm.branch.last_received': Value;
  /** `sip`. */
  readonly '$tm.branch.type': Value;
  /** One flag of a branch that was sent. */
  '$tm.branch.flag'(name: string, index?: number | '*'): Value;
  /** A value of any name that belongs to a branch that was sent. */
  '$tm.branch.attr'(name: string, index?: number | '*'): Value;
}
