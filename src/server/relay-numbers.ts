import type { TimerWheel } from '../base/timer-wheel.ts';
import { PortLink } from '../media/control/port-link.ts';
import type { EmbeddedRelay } from '../media/server/embedded-relay.ts';
import { readCounters } from '../wire/rtpproxy/reply.ts';
import type { CounterGroup } from './statistics.ts';

const ASK_MS = 1000;
/** Counters of the relay that are told, by rtpproxy's names. */
const COUNTERS: Readonly<Record<string, string>> = {
  nsess_created: 'sessions',
  nsess_destroyed: 'ended',
  nsess_timeout: 'timedOut',
  nsess_nortp: 'silent',
  nsess_owrtp: 'oneWay',
  npkts_rcvd: 'packetsIn',
  npkts_relayed: 'packetsRelayed',
  npkts_discard: 'packetsDropped',
  npkts_played: 'packetsPlayed',
  ncmds_rcvd: 'commands',
  ncmds_errs: 'commandsFailed',
};

/** Asks the relay in this server what it has counted. */
export class RelayNumbers implements AsyncDisposable {
  readonly #relay: EmbeddedRelay;
  readonly #link: PortLink;

  constructor(relay: EmbeddedRelay, wheel: TimerWheel) {
    this.#relay = relay;
    const open = () => relay.connect();
    this.#link = new PortLink({ open, wheel, timeoutMs: ASK_MS, tries: 1, notified: () => {} });
  }

  /** @returns undefined where it does not answer */
  async read(): Promise<CounterGroup | undefined> {
    const names = Object.keys(COUNTERS);
    const answer = await this.#link.ask(`Gv ${names.join(' ')}`);
    const counters = answer.ok ? readCounters(answer.text.trim().split(' '), names) : undefined;
    if (!counters) return undefined;
    const told = [...counters].map(([name, value]) => [COUNTERS[name]!, value] as const);
    return { ...Object.fromEntries(told), restarts: this.#relay.restarts };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]();
  }
}
