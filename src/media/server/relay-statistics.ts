import type { Clock } from '../../base/clock.ts';
import { LoopUse } from '../../base/loop-use.ts';
import { RtpproxyError } from '../../wire/rtpproxy/error-code.ts';
import { printCounters, printError } from '../../wire/rtpproxy/reply.ts';
import type { Relay } from '../relay/relay.ts';
import type { RelayTotals } from '../relay/relay-counters.ts';
import { type DoorCounters, doorCounters } from './door-counters.ts';
import type { NotifyCounters } from './notify-connection.ts';
import type { SoundPorts } from './sound-ports.ts';
import { real, whole } from './stream-counters.ts';

/** The rate of packets is taken over this time at least, in ms. */
const RATE_MS = 1000;

/** Counted since the start. */
export interface CommandCounters {
  received: number;
  answered: number;
  succeeded: number;
  failed: number;
}

/** What `G` and `I` tell of a relay. */
export class RelayStatistics {
  readonly commands: CommandCounters = { received: 0, answered: 0, succeeded: 0, failed: 0 };
  readonly doors: DoorCounters = doorCounters();
  readonly #relay: Relay;
  readonly #plays: SoundPorts['plays'];
  readonly #notes: NotifyCounters;
  readonly #clock: Clock;
  #rate = 0;
  #rateAt: number;
  #rateFrom = 0;
  readonly #loopUse = new LoopUse();

  constructor(relay: Relay, { plays }: SoundPorts, notes: NotifyCounters, clock: Clock) {
    this.#relay = relay;
    this.#plays = plays;
    this.#notes = notes;
    this.#clock = clock;
    this.#rateAt = clock.now();
    // What the thread did before the relay was there is not its load.
    this.#loopUse.take();
  }

  /** `G[v]`: counters in the order asked for. */
  counters(names: readonly string[], verbose: boolean): string {
    const totals = this.#relay.totals();
    const found: [string, string][] = [];
    for (const name of names) {
      const value = this.#counter(name, totals);
      if (value === undefined) return printError(RtpproxyError.UnknownCounter);
      found.push([name, value]);
    }
    return printCounters(found, verbose);
  }

  /** `I[l]` */
  info(withLoad: boolean): string {
    const { created, destroyed } = this.#relay.counters;
    const { received, relayed } = this.#relay.totals();
    const active = created - destroyed;
    const lines = [
      `sessions created: ${created}`,
      `active sessions: ${active}`,
      // Two of each medium, as rtpproxy counts: RTCP is not a stream of its own.
      `active streams: ${2 * active}`,
      `packets received: ${received}`,
      `packets transmitted: ${relayed + this.#plays.counters.packets}`,
    ];
    if (withLoad) lines.push(`average load: ${real(this.#loopUse.take())}`);
    return lines.join('\n');
  }

  #counter(name: string, totals: RelayTotals): string | undefined {
    const { counters } = this.#relay;
    const { commands, doors } = this;
    const plays = this.#plays.counters;
    switch (name) {
      case 'nsess_created':
        return whole(counters.created);
      case 'nsess_destroyed':
        return whole(counters.destroyed);
      case 'nsess_timeout':
        return whole(counters.timedOut);
      case 'nsess_complete':
        return whole(counters.complete);
      case 'nsess_nortp':
        return whole(counters.withoutRtp);
      case 'nsess_owrtp':
        return whole(counters.oneWayRtp);
      case 'nsess_nortcp':
        return whole(counters.withoutRtcp);
      case 'nsess_owrtcp':
        return whole(counters.oneWayRtcp);
      case 'nplrs_created':
        return whole(plays.created);
      case 'nplrs_destroyed':
        return whole(plays.destroyed);
      case 'npkts_rcvd':
        return whole(totals.received);
      case 'npkts_played':
        return whole(plays.packets);
      case 'npkts_relayed':
        return whole(totals.relayed);
      case 'npkts_resizer_in':
        return whole(totals.resizedIn);
      case 'npkts_resizer_out':
        return whole(totals.resizedOut);
      case 'npkts_resizer_discard':
        return whole(totals.resizedLate);
      case 'npkts_discard':
        return whole(totals.dropped);
      case 'total_duration':
        return real(counters.durationMs / 1000);
      case 'ncmds_rcvd':
        return whole(commands.received);
      case 'ncmds_rcvd_ndups':
        return whole(doors.repeated);
      case 'ncmds_succd':
        return whole(commands.succeeded);
      case 'ncmds_errs':
        return whole(commands.failed + doors.malformed);
      case 'ncmds_repld':
        return whole(commands.answered + doors.malformed);
      case 'rtpa_nsent':
        return whole(totals.expected);
      case 'rtpa_nrcvd':
        return whole(totals.unique);
      case 'rtpa_ndups':
        return whole(totals.duplicates);
      case 'rtpa_nlost':
        return whole(Math.max(0, totals.expected - totals.unique));
      case 'rtpa_perrs':
        return whole(totals.malformed);
      case 'pps_in':
        return real(this.#packetRate(totals.received));
      default:
        return this.#ownCounter(name);
    }
  }

  /** What rtpproxy does not count: of cookies, connections and notifications. */
  #ownCounter(name: string): string | undefined {
    const { doors } = this;
    const own: Readonly<Record<string, number>> = {
      ncookies_forgotten: doors.forgotten,
      nconns_refused: doors.refused,
      nconns_stalled: doors.stalled,
      nnotes_sent: this.#notes.sent,
      nnotes_dropped: this.#notes.dropped,
      nnotes_failures: this.#notes.failures,
    };
    return Object.hasOwn(own, name) ? whole(own[name]!) : undefined;
  }

  #packetRate(received: number): number {
    const passed = this.#clock.now() - this.#rateAt;
    if (passed >= RATE_MS) {
      this.#rate = ((received - this.#rateFrom) * 1000) / passed;
      this.#rateFrom = received;
      this.#rateAt = this.#clock.now();
    }
    return this.#rate;
  }

  /** How much of the time since the last question this thread had something to do, 0 to 1. */
}
