import { networkInterfaces } from 'node:os';
import { Advertise } from '../../advertise/advertise.ts';
import { logLine } from '../../base/channels.ts';
import type { Clock } from '../../base/clock.ts';
import { ServerError } from '../../base/errors.ts';
import { sharedDatagrams } from '../../net/datagram-path.ts';
import { controlPath } from '../../ops/admin/control-path.ts';
import { ControlSocket } from '../../ops/admin/control-socket.ts';
import { listenersOf } from '../../ops/config/listeners-of.ts';
import type { ServerConfig } from '../../ops/config/server-config.ts';
import { VERSION } from '../../ops/version.ts';
import { Foundation } from '../foundation.ts';
import { OneAtATime } from '../one-at-a-time.ts';
import { PrintedMemory } from '../printed-memory.ts';
import type { RunningServer, ServerOptions } from '../running-server.ts';
import { makeSelfSignedFiles } from '../self-signed-files.ts';
import type { CounterGroup } from '../statistics.ts';
import { packConfig } from './portable-config.ts';
import { settleListeners } from './settle-listeners.ts';
import { WorkerCommands } from './worker-commands.ts';
import type { MainMethods } from './worker-methods.ts';
import { Workers } from './workers.ts';

interface Parts {
  readonly foundation: Foundation;
  readonly workers: Workers;
  readonly advertise: Advertise;
  readonly printed: PrintedMemory;
  readonly turns: OneAtATime;
}

/**
 * A server whose signalling is done by several workers, each in a thread. The main thread has what a server has once, and
 * looks after the workers: no SIP passes here.
 */
export class Supervisor implements RunningServer {
  readonly advertise: Advertise;
  readonly stopped: Promise<void>;
  readonly workers: Workers;
  readonly clock: Clock;
  readonly startedAt: number;
  readonly #parts: Parts;
  readonly #resources: AsyncDisposableStack;
  readonly #reread: () => Promise<ServerConfig>;
  readonly #stop: () => void;
  #control: ControlSocket | undefined;
  #config: ServerConfig;

  /**
   * Opens everything, or nothing.
   * @throws ServerError STORE_…, NET_…, CFG_ROUTES_INVALID, ADMIN_UNAVAILABLE: with what to do
   */
  static async start(options: ServerOptions, count: number): Promise<Supervisor> {
    const { config } = options;
    await using resources = new AsyncDisposableStack();
    const foundation = resources.use(await Foundation.open(config));
    const { common, storage, relay, log } = foundation;
    const { clock, interfaces, bootId, loopSalt } = common;
    const listeners = await settleListeners(common.listeners, clock);
    // Here and below: after the workers have ended.
    resources.defer(() => sharedDatagrams()?.closeAbandoned());
    const advertise = new Advertise({
      ...{ settings: config.advertise, listeners, key: storage.key, clock, interfaces },
    });
    const before = storage.printed();
    if (before) advertise.restore(before);
    const printed = resources.use(new PrintedMemory(advertise, storage, clock));
    let supervisor: Supervisor | undefined;
    const turns = new OneAtATime();
    const methods: MainMethods = {
      log: (level, fields, text) => log.write(level, fields, text),
      setLogLevel: (level) => log.setLevel(level),
      relayPort: () => relay!.connect(),
      printed: (address) => {
        advertise.learn(address);
        for (const { line } of workers.present) line.tell('learn', address);
      },
      reload: async () => {
        if (supervisor) return await supervisor.reload();
        throw new ServerError('ADMIN_UNAVAILABLE', 'the server has not started yet');
      },
      stopServer: () => supervisor?.stop(),
    };
    const workers = resources.use(
      new Workers({
        ...{ count, clock, methods, listeners, turns },
        common: { bootId, loopSalt, hasRelay: relay !== undefined },
        config: () => supervisor?.config ?? config,
        printed: () => advertise.snapshot(),
      }),
    );
    const { datagrams } = await workers.start();
    const lost = (): void => {
      for (const { line } of workers.running) line.tell('relayRestarted');
    };
    if (relay) relay.restarted = lost;
    supervisor = new Supervisor(
      options,
      { foundation, workers, advertise, printed, turns },
      resources.move(),
    );
    try {
      const commands = new WorkerCommands(supervisor);
      supervisor.#control = await ControlSocket.open(controlPath(config.data), commands);
    } catch (error) {
      await supervisor[Symbol.asyncDispose]();
      throw error;
    }
    const names = listeners.map(({ name }) => name);
    logLine('info', 'server', 'started', { version: VERSION, listeners: names, datagrams, workers: count });
    return supervisor;
  }

  private constructor(options: ServerOptions, parts: Parts, resources: AsyncDisposableStack) {
    this.#parts = parts;
    this.#resources = resources;
    this.#reread = options.reread;
    this.#config = options.config;
    this.workers = parts.workers;
    this.advertise = parts.advertise;
    this.clock = parts.foundation.common.clock;
    this.startedAt = this.clock.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.stopped = promise;
    this.#stop = resolve;
  }

  get config(): ServerConfig {
    return this.#config;
  }

  relayStatistics(): Promise<CounterGroup | undefined> {
    return this.#parts.foundation.relayStatistics();
  }

  reload(): Promise<readonly string[]> {
    return this.#parts.turns.run(() => this.#reload());
  }

  reopenLog(): void {
    this.#parts.foundation.log.reopen();
  }

  stop(): void {
    this.#stop();
  }

  async drain(): Promise<void> {
    logLine('info', 'server', 'draining');
    // One that ends meanwhile has nothing under way any more.
    await Promise.all(this.workers.running.map(({ line }) => line.call('runDry').catch(() => {})));
    this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    await this.#control?.[Symbol.asyncDispose]();
    await this.workers[Symbol.asyncDispose]();
    logLine('info', 'server', 'stopped');
    await this.#resources.disposeAsync();
  }

  /** The first worker finds what is wrong, and then nothing changes; the others follow it. */
  async #reload(): Promise<readonly string[]> {
    const next = await this.#reread();
    const { foundation, printed } = this.#parts;
    const [first, ...others] = this.workers.running;
    if (!first) throw new ServerError('ADMIN_UNAVAILABLE', 'no worker runs at this moment');
    const domains = next.advertise.domains ?? [];
    makeSelfSignedFiles(listenersOf(next, networkInterfaces()), domains, this.clock.wallNow());
    const packed = packConfig(next);
    const changes = [...(await first.line.call('reload', packed))];
    this.#config = next;
    for (const { index, line } of others) {
      await line.call('reload', packed).catch((error: Error) => {
        logLine('error', 'workers', `worker ${index} has not reloaded: ${error.message}`);
        changes.push(`worker ${index} has changed nothing: ${error.message}`);
      });
    }
    foundation.log.setLevel(next.log.level);
    const { listeners } = await first.line.call('present');
    this.advertise.update({ settings: next.advertise, listeners });
    printed.write();
    return changes;
  }
}
