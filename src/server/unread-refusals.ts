import { channels } from '../base/channels.ts';
import type { FrontDoor, FrontDoorSettings } from '../core/front-door/front-door.ts';
import type { OverloadControl } from '../core/front-door/overload.ts';
import type { Flow } from '../net/flow.ts';
import type { NetCounters } from '../net/net-counters.ts';
import type { Refusals } from '../net/refusals.ts';
import type { TransactionCounters } from '../transaction/transaction-counters.ts';
import type { Gate } from './gate.ts';

/** How many INVITEs of a source are answered before it is looked at again. */
const ALLOWANCE = 64;
/** After so many periods of overload control every source is looked at again: networks and limits may be others. */
const PERIODS_ALLOWED = 50;

export interface UnreadRefusalsOptions {
  readonly refusals: Refusals;
  readonly overload: Pick<OverloadControl, 'share' | 'counters'>;
  readonly frontDoor: Pick<FrontDoor, 'settings' | 'allowance'>;
  readonly gate: Pick<Gate, 'sendsSomeAway'>;
  readonly transactions: TransactionCounters;
  readonly network: NetCounters;
}

/** Has the datagram path refuse by itself what {@link Gate.sendsAway} would, and counts what it did. */
export class UnreadRefusals {
  readonly #options: UnreadRefusalsOptions;
  #settings: FrontDoorSettings | undefined;
  #hasScanners = false;
  #periods = 0;
  /** Sources of which all that can be refused unread is. */
  readonly #judged = new Set<string>();

  constructor(options: UnreadRefusalsOptions) {
    this.#options = options;
  }

  /** Puts in force what overload control has found; to be called in each of its periods. */
  follow(): void {
    const { refusals, overload, gate } = this.#options;
    this.count();
    // Who traces wants to see what is refused, too.
    if (!gate.sendsSomeAway || channels.wire.hasSubscribers) {
      refusals.refuse(undefined);
      return;
    }
    this.#followSettings();
    if (++this.#periods % PERIODS_ALLOWED === 0) this.#disallow();
    refusals.refuse(this.#hasScanners ? overload.share : undefined);
  }

  /** An INVITE was refused: the next ones of its source need not be looked at for that. */
  refused({ remoteAddress }: Flow): void {
    const { refusals, frontDoor } = this.#options;
    if (!refusals.active) return;
    const allowance = frontDoor.allowance(remoteAddress, ALLOWANCE);
    if (allowance === 0 || !refusals.allow(remoteAddress, allowance)) return;
    if (allowance === Infinity) this.#judged.add(remoteAddress);
  }

  /** Whether an INVITE that comes from there has been judged already, and passed on. */
  hasJudged({ remoteAddress }: Flow): boolean {
    return this.#options.refusals.active && this.#judged.has(remoteAddress);
  }

  /** Adds what was done unseen to everybody's counters. */
  count(): void {
    const { refusals, overload, transactions, network } = this.#options;
    const { refused, absorbed, unsent } = refusals.take();
    network.datagramsIn += refused + absorbed;
    network.datagramsOut += refused - unsent;
    network.datagramsFailed += unsent;
    transactions.receivedRequests += refused + absorbed;
    transactions.localReplies += refused;
    transactions.sendFailures += unsent;
    overload.counters.refused += refused;
  }

  #followSettings(): void {
    const { refusals, frontDoor } = this.#options;
    if (this.#settings === frontDoor.settings) return;
    this.#settings = frontDoor.settings;
    this.#disallow();
    this.#hasScanners = refusals.passOn(this.#settings.scanners.map((name) => name.toLowerCase()));
  }

  #disallow(): void {
    this.#options.refusals.disallow();
    this.#judged.clear();
  }
}
