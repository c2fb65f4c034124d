import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import type { MediaControl, MediaListener } from '../media/control/media-control.ts';
import type { OpenRelayPort } from '../media/control/port-link.ts';
import { RtpengineControl } from '../media/control/rtpengine-control.ts';
import { RtpproxyControl } from '../media/control/rtpproxy-control.ts';
import { EMBEDDED_SET } from '../ops/config/check-media.ts';
import type { MediaConfig, RelaySetConfig } from '../ops/config/server-config.ts';
import { EMBEDDED_SETTINGS, nodeSets, rtpengineSettings, rtpproxySettings } from '../ops/media-settings.ts';
import { type RelaySet, RelaySets } from '../script/media/relay-sets.ts';
import type { OwnRelay } from './own-relay.ts';

export interface RelayServices {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly ids: IdSource;
}

interface Parts {
  readonly relay: OwnRelay | undefined;
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
   * @param relay the one in this process, where there is one
   * @param hears whether relays elsewhere are heard here that tell something by themselves
   * @throws ServerError NET_LISTEN_FAILED, CFG_INVALID: with what keeps a relay from working
   */
  static async open(
    config: MediaConfig,
    relay: OwnRelay | undefined,
    services: RelayServices,
    hears = true,
  ): Promise<ServerRelays> {
    await using resources = new AsyncDisposableStack();
    const openPort = relay && (() => relay.connect());
    const own =
      openPort &&
      resources.use(await RtpproxyControl.open({ ...services, openPort, settings: EMBEDDED_SETTINGS }));
    const { notify, ...others } = rtpproxySettings(config);
    const settings = { ...others, notify: notify && (hears ? notify : { ...notify, listen: undefined }) };
    const rtpproxy = resources.use(await RtpproxyControl.open({ ...services, openPort, settings }));
    const rtpengine = resources.use(
      new RtpengineControl({ ...services, settings: rtpengineSettings(config.rtpengine) }),
    );
    return new ServerRelays(resources.move(), { relay, own, rtpproxy, rtpengine });
  }

  private constructor(resources: AsyncDisposableStack, parts: Parts) {
    this.#resources = resources;
    this.#parts = parts;
  }

  get openPort(): OpenRelayPort | undefined {
    const { relay } = this.#parts;
    return relay && (() => relay.connect());
  }

  /** Who hears from now on what relays tell by themselves. */
  listen(listener: MediaListener): void {
    const { own, rtpproxy, rtpengine } = this.#parts;
    for (const control of [own, rtpproxy, rtpengine]) if (control) control.listener = listener;
  }

  /** Who hears besides what relays elsewhere tell, line by line. */
  overhear(hear: (line: string) => void): void {
    this.#parts.rtpproxy.overhear = hear;
  }

  /** A relay elsewhere has told something to another worker. */
  notified(line: string): void {
    this.#parts.rtpproxy.notified(line);
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

function named(sets: readonly RelaySetConfig[], control: MediaControl): RelaySet[] {
  return nodeSets(sets).map(({ id }, index) => ({ name: sets[index]!.name, control, set: id }));
}
