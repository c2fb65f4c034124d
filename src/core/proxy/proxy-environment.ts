import type { Advertise } from '../../advertise/advertise.ts';
import type { TimerWheel } from '../../base/timer-wheel.ts';
import type { Network } from '../../net/network.ts';
import type { Quarantine } from '../../net/quarantine.ts';
import type { Resolver } from '../../net/resolver.ts';
import type { Subnets } from '../../net/select-listener.ts';
import type { WorkerPlace } from '../../net/worker-place.ts';
import type { TransactionLayer } from '../../transaction/transaction-layer.ts';

/** What can be configured about forwarding. */
export interface ProxySettings {
  /** How long an INVITE may ring without a final answer, in ms (timer C, RFC 3261 §16.6 item 11: above 3 minutes). */
  readonly timerC: number;
  /** How long each group of targets may take to a final answer where the fork says nothing, in ms; undefined: timer C. */
  readonly frInvTimeout: number | undefined;
  /**
   * How long an INVITE waits for a word from one address while there is another to try, in ms. The transaction's own
   * timer B (RFC 3261 §17.1.1.2) outlasts most callers.
   */
  readonly nextHopTimeout: number;
  /** Requests of more bytes go by TCP instead of UDP, and by UDP again where TCP is refused (RFC 3261 §18.1.1). */
  readonly datagramBytes: number;
  /** What phones that register a flow through this server are told of keep-alives, in seconds; undefined: nothing. */
  readonly flowTimer: number | undefined;
  /** Hide Via, Contact and Record-Route that name inside addresses from parties outside. */
  readonly hideInside: boolean;
  /** Rewrite the Contact of user agents behind a NAT to where they are reached. */
  readonly fixContact: boolean;
  /** What a request without Max-Breadth may fork into (RFC 5393 §5.3.3). */
  readonly maxBreadth: number;
  /** Branches of one fork, over all its groups; each may try several addresses. */
  readonly maxBranches: number;
}

export const DEFAULT_PROXY_SETTINGS: ProxySettings = {
  timerC: 185_000,
  frInvTimeout: undefined,
  nextHopTimeout: 6000,
  datagramBytes: 1300,
  flowTimer: 120,
  hideInside: true,
  fixContact: true,
  maxBreadth: 60,
  maxBranches: 64,
};

/** Everything that forwarding stands on. */
export interface ProxyEnvironment {
  readonly layer: TransactionLayer;
  readonly network: Network;
  readonly advertise: Advertise;
  readonly resolver: Resolver;
  /** Addresses that failed lately. */
  readonly quarantine: Quarantine;
  readonly wheel: TimerWheel;
  readonly subnets: Subnets;
  readonly settings: ProxySettings;
  /** This server's own, so that only its own loops are found. */
  readonly loopSalt: string;
  /** Which of several workers this is: what it starts itself has to come back to it. */
  readonly place?: WorkerPlace | undefined;
}
