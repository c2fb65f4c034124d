import type { Flow } from '../../../net/flow.ts';
import type { ServerTransaction } from '../../../transaction/server-transaction.ts';
import { H } from '../../../wire/sip/header-name.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import type { RequestContext } from './request-context.ts';
import type { ScriptProgram } from './script-program.ts';
import { tellAnswer } from './track-answer.ts';

/** Hands a script what comes from the transactions. */
export class ScriptUser {
  readonly program: ScriptProgram;
  /** Of INVITEs that have no final answer, so that their CANCEL finds them; bounded by the transactions. */
  readonly #invites = new Map<ServerTransaction, RequestContext>();
  #pending = 0;
  handled = 0;
  overloaded = 0;

  constructor(program: ScriptProgram) {
    this.program = program;
  }

  /** How many requests wait for an answer. */
  get pending(): number {
    return this.#pending;
  }

  request(message: SipMessage, flow: Flow): void {
    const { layer } = this.program.services;
    const transaction = layer.accept(message, flow);
    if (transaction === undefined) {
      this.overloaded++;
      layer.replyStateless(message, flow, { status: 503, headers: [[H.RetryAfter, '5']] });
      return;
    }
    this.handled++;
    const context = this.program.contextOf(message, flow, transaction);
    const isInvite = message.method === 'INVITE';
    this.#pending++;
    if (isInvite) this.#invites.set(transaction, context);
    transaction.onSettled = (status) => {
      this.#pending--;
      if (isInvite) this.#invites.delete(transaction);
      tellAnswer(context, status);
    };
    this.program.request(context);
  }

  ack(message: SipMessage, flow: Flow): void {
    this.program.request(this.program.contextOf(message, flow, undefined));
  }

  /** The script decides what becomes of a CANCEL; what is under way for its INVITE is told of it in any case. */
  cancel(message: SipMessage, flow: Flow, invite: ServerTransaction | undefined): void {
    const pending = invite && this.#invites.get(invite);
    if (pending) pending.cancelled = true;
    this.program.request(this.program.contextOf(message, flow, undefined, invite));
  }

  /** A request that the front door found broken. @returns whether the script has taken it */
  broken(message: SipMessage, flow: Flow, status: number, reason: string): boolean {
    if (!this.program.hasRoute('error', '')) return false;
    const transaction = this.program.services.layer.accept(message, flow);
    if (transaction === undefined) return false;
    return this.program.broken(this.program.contextOf(message, flow, transaction), status, reason);
  }

  strayResponse(message: SipMessage, flow: Flow): void {
    const { proxy } = this.program.services;
    const passes = this.program.strayReply(message, flow);
    if (passes instanceof Promise) void passes.then((yes) => yes && proxy.strayResponse(message, flow));
    else if (passes) proxy.strayResponse(message, flow);
  }
}
