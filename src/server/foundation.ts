import { networkInterfaces } from 'node:os';
import { SystemClock } from '../base/clock.ts';
import { RandomIds } from '../base/ids.ts';
import { TimerWheel } from '../base/timer-wheel.ts';
import { EmbeddedRelay } from '../media/server/embedded-relay.ts';
import type { Listener } from '../net/listener.ts';
import { controlPath } from '../ops/admin/control-path.ts';
import { ControlSocket } from '../ops/admin/control-socket.ts';
import { listenersOf } from '../ops/config/listeners-of.ts';
import type { ServerConfig } from '../ops/config/server-config.ts';
import { Log } from '../ops/log/log.ts';
import { relayProgram } from '../ops/media-settings.ts';
import { RelayNumbers } from './relay-numbers.ts';
import { makeSelfSignedFiles } from './self-signed-files.ts';
import type { CounterGroup } from './statistics.ts';
import { Storage } from './storage.ts';
import type { Surroundings } from './surroundings.ts';

const ID_LENGTH = 12;

interface Parts {
  readonly log: Log;
  readonly storage: Storage;
  readonly relay: EmbeddedRelay | undefined;
  readonly numbers: RelayNumbers | undefined;
  readonly common: Pick<Surroundings, 'clock' | 'ids' | 'interfaces' | 'listeners' | 'bootId' | 'loopSalt'>;
}

/** What a server has once, however many workers signal: the log, the data file, the thread of the relay. */
export class Foundation implements AsyncDisposable {
  readonly log: Log;
  readonly storage: Storage;
  readonly relay: EmbeddedRelay | undefined;
  readonly common: Parts['common'];
  readonly #numbers: RelayNumbers | undefined;
  readonly #resources: AsyncDisposableStack;

  /** @throws ServerError ADMIN_UNAVAILABLE where another server has the data; STORE_…, NET_… */
  static async open(config: ServerConfig): Promise<Foundation> {
    const interfaces = networkInterfaces();
    const listeners = listenersOf(config, interfaces);
    await ControlSocket.refuseSecond(controlPath(config.data));
    await using resources = new AsyncDisposableStack();
    const clock = new SystemClock();
    const ids = new RandomIds();
    const storage = resources.use(new Storage(config.data));
    const log = resources.use(new Log(config.log, clock));
    makeSelfSignedFiles(listeners, config.advertise.domains ?? [], clock.wallNow());
    // Before any listener: what comes in while the relay starts would be lost.
    const relay = await startRelay(config, listeners, clock, resources);
    const numbers = relay && resources.use(new RelayNumbers(relay, new TimerWheel(clock)));
    const [bootId, loopSalt] = [ids.token(ID_LENGTH), ids.token(ID_LENGTH)];
    const common = { clock, ids, interfaces, listeners, bootId, loopSalt };
    return new Foundation({ log, storage, relay, numbers, common }, resources.move());
  }

  private constructor({ log, storage, relay, numbers, common }: Parts, resources: AsyncDisposableStack) {
    this.log = log;
    this.storage = storage;
    this.relay = relay;
    this.common = common;
    this.#numbers = numbers;
    this.#resources = resources;
  }

  /** What the relay in this server has counted; undefined where there is none, or it does not answer. */
  async relayStatistics(): Promise<CounterGroup | undefined> {
    return await this.#numbers?.read();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

async function startRelay(
  config: ServerConfig,
  listeners: readonly Listener[],
  clock: SystemClock,
  resources: AsyncDisposableStack,
): Promise<EmbeddedRelay | undefined> {
  const { relay } = config.media;
  return relay && resources.use(await EmbeddedRelay.start(relayProgram(relay, listeners), clock));
}
