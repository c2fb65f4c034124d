import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import type { Dialogs } from '../core/dialog/dialogs.ts';
import type { ProxyEnvironment } from '../core/proxy/proxy-environment.ts';
import type { Flow } from '../net/flow.ts';
import type { MediaConfig } from '../ops/config/server-config.ts';
import { advertisedFor } from '../ops/media-settings.ts';
import { Anchoring } from '../script/media/anchoring.ts';
import { leadsTo } from '../script/media/leads-to.ts';
import { MediaCalls } from '../script/media/media-calls.ts';
import {
  type MediaCounters,
  type MediaEnvironment,
  newMediaCounters,
} from '../script/media/media-environment.ts';
import type { ServerRelays } from './relays.ts';
import type { CounterGroup } from './statistics.ts';

const HANG_UP_MS = 2000;

export interface ServerMediaOptions {
  readonly config: MediaConfig;
  readonly relays: ServerRelays;
  readonly proxy: ProxyEnvironment;
  readonly dialogs: () => Dialogs;
  readonly ids: IdSource;
}

/** The calls of a server whose media go through its relays. */
export class ServerMedia {
  readonly anchoring: Anchoring;
  readonly environment: MediaEnvironment;
  readonly counters: MediaCounters = newMediaCounters();
  readonly #relays: ServerRelays;
  #config: MediaConfig;

  constructor({ config, relays, proxy, dialogs, ids }: ServerMediaOptions) {
    const { advertise, network } = proxy;
    this.#relays = relays;
    this.#config = config;
    this.environment = {
      advertise,
      ids,
      counters: this.counters,
      advertised: (address: string) => this.#config.relay && advertisedFor(this.#config.relay, address),
      leadsTo: (branch, received) => leadsTo(branch, received, proxy),
      isOwn: ({ transport, remoteAddress, remotePort }: Flow) =>
        network.listeners.some(
          (it) => it.address === remoteAddress && it.port === remotePort && it.transport === transport,
        ),
    };
    const calls = new MediaCalls(this.environment, dialogs);
    relays.listen(calls);
    relays.whenLost((control) => void calls.recover(control));
    this.anchoring = new Anchoring(calls, relays.sets(config), config.anchor);
  }

  /**
   * Takes another configuration, for the calls that begin from now on.
   * @returns a line for each change, or for what needs a restart
   */
  configure(next: MediaConfig): readonly string[] {
    const before = this.#config;
    const changes: string[] = [];
    if (!isDeepStrictEqual(before.relay, next.relay)) changes.push('media.relay: the change needs a restart');
    if (!isDeepStrictEqual(withoutSets(before), withoutSets(next))) {
      changes.push('media: other times and sockets of relays need a restart, other sets do not');
    }
    this.#config = { ...next, relay: before.relay };
    this.#relays.configure(next);
    this.anchoring.relays = this.#relays.sets(this.#config);
    this.anchoring.policy = next.anchor;
    if (!isDeepStrictEqual(setsOf(before), setsOf(next))) {
      changes.push(`media: the relays are ${this.anchoring.relays.names.join(', ') || 'none'}`);
    }
    if (before.anchor !== next.anchor) changes.push(`media.anchor is ${next.anchor}`);
    return changes;
  }

  /** The server stops, and its own relay with it: nobody shall sit in a silent call. Takes 2 s at the most. */
  async hangUp(clock: Clock): Promise<void> {
    const { own } = this.#relays;
    if (!own || this.anchoring.calls.size === 0) return;
    const late = Promise.withResolvers<void>();
    const timer = clock.setTimer(HANG_UP_MS, late.resolve);
    await Promise.race([this.anchoring.calls.hangUp(own), late.promise]);
    timer.cancel();
  }

  statistics(): CounterGroup {
    const { calls } = this.anchoring;
    return { ...this.counters, calls: calls.size, sessions: calls.sessions };
  }
}

function withoutSets({ rtpproxy, rtpengine }: MediaConfig): object {
  return [
    { ...rtpproxy, sets: [] },
    { ...rtpengine, sets: [] },
  ];
}

function setsOf({ rtpproxy, rtpengine, use }: MediaConfig): object {
  return [rtpproxy.sets, rtpengine.sets, use];
}
