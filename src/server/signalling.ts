import type { Advertise } from '../advertise/advertise.ts';
import type { Clock } from '../base/clock.ts';
import { LoopUse } from '../base/loop-use.ts';
import type { Dialogs } from '../core/dialog/dialogs.ts';
import type { LocationStore } from '../core/registrar/location-store.ts';
import type { Registrar } from '../core/registrar/registrar.ts';
import type { Quarantine } from '../net/quarantine.ts';
import type { Resolver } from '../net/resolver.ts';
import type { Sockets } from '../net/sockets.ts';
import type { Administered } from '../ops/admin/administered.ts';
import { type WorkerRow, workerRow } from '../ops/admin/worker-row.ts';
import type { ServerConfig } from '../ops/config/server-config.ts';
import { VERSION } from '../ops/version.ts';
import type { Anchoring } from '../script/media/anchoring.ts';
import type { RunningProgram } from '../script/opensips/runtime/running-program.ts';
import type { Parts } from './build.ts';
import { scriptOf } from './program.ts';
import { reloadServer } from './reload.ts';
import {
  type CounterGroup,
  networkNumbers,
  numbersOf,
  overloadNumbers,
  transactionNumbers,
} from './statistics.ts';

const DRAIN_LONGEST_MS = 30_000;
const DRAIN_LOOK_MS = 200;

/** A server as far as it signals; what belongs to the whole of it is told by whoever makes it. */
export abstract class Signalling implements Administered, AsyncDisposable {
  readonly version: string = VERSION;
  readonly clock: Clock;
  readonly startedAt: number;
  readonly advertise: Advertise;
  readonly network: Sockets;
  readonly registrar: Registrar;
  readonly location: LocationStore;
  readonly resolver: Resolver;
  readonly quarantine: Quarantine;
  readonly dialogs: Dialogs;
  readonly media: Anchoring;
  readonly parts: Parts;
  readonly #resources: AsyncDisposableStack;
  #config: ServerConfig;
  readonly #loopUse = new LoopUse();

  /** @param resources what the parts hang on; disposed of with the server */
  constructor(config: ServerConfig, parts: Parts, resources: AsyncDisposableStack) {
    this.parts = parts;
    this.#config = config;
    this.#resources = resources;
    this.clock = parts.clock;
    this.startedAt = parts.clock.now();
    this.advertise = parts.advertise;
    this.network = parts.network;
    this.registrar = parts.registrar;
    this.location = parts.location;
    this.resolver = parts.resolver;
    this.quarantine = parts.quarantine;
    this.dialogs = parts.dialogs;
    this.media = parts.media.anchoring;
  }

  get config(): ServerConfig {
    return this.#config;
  }

  statistics(): Readonly<Record<string, CounterGroup>> {
    const { network, layer, registrar, authenticator, frontDoor, runtime, keepAlive, gate } = this.parts;
    const { resolver, nameServer, quarantine, probe, dialogs, media, overload, unread } = this.parts;
    unread?.count();
    return {
      net: networkNumbers(network, this.clock.wallNow()),
      dns: { ...resolver.counters, ...nameServer.counters },
      quarantine: { ...numbersOf(quarantine.counters), inside: quarantine.size, probes: probe.counters.sent },
      transaction: transactionNumbers(layer.counters),
      registrar: { ...numbersOf(registrar.counters), overflowed: registrar.overflowed },
      auth: numbersOf(authenticator.counters),
      frontDoor: { ...numbersOf(frontDoor.counters), turnedAway: gate.turnedAway, lostEarly: gate.lostEarly },
      overload: overloadNumbers(overload),
      dialog: { ...numbersOf(dialogs.counters), known: dialogs.size },
      media: media.statistics(),
      script: { ...numbersOf(runtime.counters), pending: runtime.pending },
      ...(keepAlive && { keepAlive: { ...numbersOf(keepAlive.counters), pending: keepAlive.pending } }),
    };
  }

  /** The OpenSIPS script that runs, if one does. */
  get script(): RunningProgram | undefined {
    return scriptOf(this.parts.runtime);
  }

  /** Of the one worker that this is. */
  workerRows(): readonly WorkerRow[] {
    return [
      workerRow({
        worker: this.parts.place?.index ?? 0,
        ranMs: this.clock.now() - this.startedAt,
        crashes: 0,
        busyPercent: Math.round(this.#loopUse.take() * 100),
        heapMiB: Math.round(process.memoryUsage().heapUsed / 1_048_576),
        statistics: this.statistics(),
      }),
    ];
  }

  abstract relayStatistics(): Promise<CounterGroup | undefined>;

  abstract reload(): Promise<readonly string[]>;

  abstract stop(): void;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.media.hangUp(this.clock);
    await this.#resources.disposeAsync();
  }

  /** Puts another configuration in force, all of it or nothing. @returns a line for each change */
  async apply(next: ServerConfig): Promise<readonly string[]> {
    const changes = await reloadServer(this.parts, this.#config, next);
    this.#config = next;
    return changes;
  }

  /** Takes nothing new, and waits for what is under way; for 30 s at the most. */
  async runDry(): Promise<void> {
    const { gate, layer, clock } = this.parts;
    gate.drain();
    const end = clock.now() + DRAIN_LONGEST_MS;
    while (layer.counters.inUse > 0 && clock.now() < end) {
      await new Promise<void>((resolve) => clock.setTimer(DRAIN_LOOK_MS, resolve));
    }
  }
}
