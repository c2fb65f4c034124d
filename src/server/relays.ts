import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { MediaControl, MediaListener } from '../media/control/media-control.ts';
import { type OpenRelayPort, PortLink } from '../media/control/port-link.ts';
import { RtpengineControl } from '../media/control/rtpengine-control.ts';
import { RtpproxyControl } from '../media/control/rtpproxy-control.ts';
import { EmbeddedRelay } from '../media/server/embedded-relay.ts';
import type { Listener } from '../net/listener.ts';
import { EMBEDDED_SET } from '../ops/config/check-media.ts';
import type { MediaConfig, RelaySetConfig } from '../ops/config/server-config.ts';
import {
  EMBEDDED_SETTINGS,
  nodeSets,
  relayProgram,
  rtpengineSettings,
  rtpproxySettings,
} from '../ops/media-settings.ts';
import { type RelaySet, RelaySets } from '../script/media/relay-sets.ts';
import { readCounters } from '../wire/rtpproxy/reply.ts';
import type { CounterGroup } from './statistics.ts';

const ASK_MS = 1000;
/** Counters of the relay that are told, by rtpproxy's names. */
const RELAY_COUNTERS: Readonly<Record<string, string>> = {
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

export interface RelayServices {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly ids: IdSource;
}

interface Parts {
  /** Opens a line to the own relay. */
  readonly openPort: OpenRelayPort | undefined;
  readonly relay: EmbeddedRelay | undefined;
  /** Asks it what it has counted. */
  readonly link: PortLink | undefined;
  /** Commands it. */
  readonly own: RtpproxyControl | undefined;
  readonly rtpproxy: RtpproxyControl;
  readonly rtpengine: RtpengineControl;
}

/** The relays of a server: its own, in a thread, and those elsewhere. */
export class ServerRelays implements AsyncDisposable {
  readonly #resources: AsyncDisposableStack;
  readonly #parts: Parts;

  /**
   * @param listeners whose addresses the own relay has where it has none of its own
   * @throws ServerError NET_LISTEN_FAILED, CFG_INVALID: with what keeps a relay from working
   */
  static async open(
    config: MediaConfig,
    listeners: readonly Listener[],
    services: RelayServices,
  ): Promise<ServerRelays> {
    await using resources = new AsyncDisposableStack();
    const { clock, wheel } = services;
    const relay =
      config.relay && resources.use(await EmbeddedRelay.start(relayProgram(config.relay, listeners), clock));
    const openPort = relay && (() => relay.connect());
    const own =
      openPort &&
      resources.use(await RtpproxyControl.open({ ...services, openPort, settings: EMBEDDED_SETTINGS }));
    const rtpproxy = resources.use(
      await RtpproxyControl.open({ ...services, openPort, settings: rtpproxySettings(config) }),
    );
    const rtpengine = resources.use(
      new RtpengineControl({ ...services, settings: rtpengineSettings(config.rtpengine) }),
    );
    const link =
      openPort &&
      resources.use(new PortLink({ open: openPort, wheel, timeoutMs: ASK_MS, tries: 1, notified: () => {} }));
    return new ServerRelays(resources.move(), { openPort, relay, link, own, rtpproxy, rtpengine });
  }

  private constructor(resources: AsyncDisposableStack, parts: Parts) {
    this.#resources = resources;
    this.#parts = parts;
  }

  get openPort(): OpenRelayPort | undefined {
    return this.#parts.openPort;
  }

  /** Who hears from now on what relays tell by themselves. */
  listen(listener: MediaListener): void {
    const { own, rtpproxy, rtpengine } = this.#parts;
    for (const control of [own, rtpproxy, rtpengine]) if (control) control.listener = listener;
  }

  /** What commands the relay in this server. */
  get own(): MediaControl | undefined {
    return this.#parts.own;
  }

  /** Calls back when the own relay has broken and is there again: calls that it had it has lost. */
  whenLost(lost: (control: MediaControl) => void): void {
    const { relay, own } = this.#parts;
    if (relay && own) relay.restarted = () => lost(own);
  }

  /** Takes other sets; relays that stay keep their calls. */
  configure({ rtpproxy, rtpengine }: MediaConfig): void {
    this.#parts.rtpproxy.configure(nodeSets(rtpproxy.sets));
    this.#parts.rtpengine.configure(nodeSets(rtpengine.sets));
  }

  /** The sets by name, first the one that serves where nobody names another. */
  sets({ rtpproxy, rtpengine, use }: MediaConfig): RelaySets {
    const { own } = this.#parts;
    const all = [
      ...(own ? [{ name: EMBEDDED_SET, control: own, set: 0 }] : []),
      ...named(rtpproxy.sets, this.#parts.rtpproxy),
      ...named(rtpengine.sets, this.#parts.rtpengine),
    ];
    const first = all.find(({ name }) => name === use);
    return new RelaySets(first ? [first, ...all.filter((it) => it !== first)] : all);
  }

  /** What the own relay has counted; undefined where there is none, or it does not answer. */
  async statistics(): Promise<CounterGroup | undefined> {
    const names = Object.keys(RELAY_COUNTERS);
    const { link, relay } = this.#parts;
    const answer = await link?.ask(`Gv ${names.join(' ')}`);
    const counters = answer?.ok ? readCounters(answer.text.trim().split(' '), names) : undefined;
    if (!counters || !relay) return undefined;
    const told = [...counters].map(([name, value]) => [RELAY_COUNTERS[name]!, value] as const);
    return { ...Object.fromEntries(told), restarts: relay.restarts };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

function named(sets: readonly RelaySetConfig[], control: MediaControl): RelaySet[] {
  return nodeSets(sets).map(({ id }, index) => ({ name: sets[index]!.name, control, set: id }));
}
