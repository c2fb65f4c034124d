import type { FrontDoor } from '../core/front-door/front-door.ts';
import type { OverloadControl } from '../core/front-door/overload.ts';
import { isPlainlyDirect } from '../core/nat/nat-test.ts';
import type { Flow } from '../net/flow.ts';
import type { ServerTransaction } from '../transaction/server-transaction.ts';
import type { TransactionLayer } from '../transaction/transaction-layer.ts';
import type { TransactionUser } from '../transaction/transaction-user.ts';
import { H } from '../wire/sip/header-name.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import type { Via } from '../wire/sip/via.ts';
import type { UnreadRefusals } from './unread-refusals.ts';

const RETRY_AFTER = '10';
/** Messages that wait for the program; a start takes no more than seconds. */
const MOST_EARLY = 4096;

/**
 * Stands between the transactions and the routing program: what comes before the program is there waits, and while the
 * server drains, what would begin something new is sent elsewhere (503), and what belongs to a dialog passes. While there
 * is more to do than can be done, a part of what is new is sent away likewise.
 */
export class Gate implements TransactionUser {
  readonly #layer: () => TransactionLayer;
  #user: TransactionUser | undefined;
  #overload: OverloadControl | undefined;
  #frontDoor: Pick<FrontDoor, 'ignores' | 'ignoresInvite'> | undefined;
  #unread: Pick<UnreadRefusals, 'refused' | 'hasJudged'> | undefined;
  #early: (readonly [bytes: Buffer, flow: Flow])[] = [];
  #draining = false;
  /** Requests that were sent elsewhere. */
  turnedAway = 0;
  /** Messages that came too early, and had no room to wait. */
  lostEarly = 0;

  constructor(layer: () => TransactionLayer) {
    this.#layer = layer;
  }

  /** @param unread judges INVITEs before this does */
  open(
    user: TransactionUser,
    overload: OverloadControl,
    frontDoor: Pick<FrontDoor, 'ignores' | 'ignoresInvite'>,
    unread?: Pick<UnreadRefusals, 'refused' | 'hasJudged'>,
  ): void {
    this.#user = user;
    this.#overload = overload;
    this.#frontDoor = frontDoor;
    this.#unread = unread;
    // From the beginning, for some have been sent again meanwhile.
    for (const [bytes, flow] of this.#early.splice(0)) this.#layer().message(bytes, flow);
  }

  drain(): void {
    this.#draining = true;
  }

  request(message: SipMessage, flow: Flow): void {
    const user = this.#user;
    if (!user) {
      this.#wait(message, flow);
      return;
    }
    if (this.#draining && !message.hasToTag) {
      this.turnedAway++;
      this.#layer().turnAway(message, flow, { status: 503, headers: [[H.RetryAfter, RETRY_AFTER]] });
      return;
    }
    const retryAfter = this.#overload?.refusal(message);
    if (retryAfter === undefined) user.request(message, flow);
    // Who floods hears nothing: the answers would only cost time.
    else if (!this.#frontDoor?.ignores(message, flow)) {
      this.#layer().turnAway(message, flow, { status: 503, headers: [[H.RetryAfter, retryAfter]] });
    }
  }

  get sendsSomeAway(): boolean {
    return !this.#draining && this.#overload?.active === true;
  }

  sendsAwayFrom(flow: Flow): boolean {
    return this.sendsSomeAway && !this.#unread?.hasJudged(flow);
  }

  /** What {@link request} would say, where an answer is the same whether its sender is behind a NAT or not. */
  sendsAway(bytes: Buffer, via: Via, flow: Flow): string | undefined {
    if (via.rport === undefined && !isPlainlyDirect(bytes, via, flow)) return undefined;
    const retryAfter = this.#overload?.refusalOfInvite(via.branch);
    if (retryAfter === undefined) return undefined;
    if (this.#frontDoor?.ignoresInvite(bytes, flow)) return '';
    this.#unread?.refused(flow);
    return retryAfter;
  }

  ack(message: SipMessage, flow: Flow): void {
    if (this.#user) this.#user.ack(message, flow);
    else this.#wait(message, flow);
  }

  cancel(message: SipMessage, flow: Flow, invite: ServerTransaction | undefined): void {
    if (this.#user) this.#user.cancel(message, flow, invite);
    else this.#wait(message, flow);
  }

  strayResponse(message: SipMessage, flow: Flow): void {
    if (this.#user) this.#user.strayResponse(message, flow);
    else this.#wait(message, flow);
  }

  malformed(reason: string, flow: Flow): void {
    this.#user?.malformed(reason, flow);
  }

  connectionClosed(flow: Flow): void {
    this.#user?.connectionClosed?.(flow);
  }

  #wait({ bytes }: SipMessage, flow: Flow): void {
    if (this.#early.length < MOST_EARLY) this.#early.push([bytes, flow]);
    else this.lostEarly++;
  }
}
