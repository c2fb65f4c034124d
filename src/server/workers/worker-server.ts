import type { TimerHandle } from '../../base/clock.ts';
import type { ServerConfig } from '../../ops/config/server-config.ts';
import type { Parts } from '../build.ts';
import { Signalling } from '../signalling.ts';
import type { CounterGroup } from '../statistics.ts';
import { pack } from './portable.ts';
import type { ThreadLine } from './thread-line.ts';
import type { MainMethods, Present } from './worker-methods.ts';

const REMEMBER_EVERY_MS = 60_000;

/** What signals in one of several workers; the whole of the server is the main thread's. */
export class WorkerServer extends Signalling {
  readonly #main: ThreadLine<MainMethods>;
  #remember: TimerHandle | undefined;

  constructor(
    config: ServerConfig,
    parts: Parts,
    resources: AsyncDisposableStack,
    main: ThreadLine<MainMethods>,
  ) {
    super(config, parts, resources);
    this.#main = main;
    this.#rememberNowAndThen();
  }

  /** The main thread asks the relay, and once for all. */
  async relayStatistics(): Promise<CounterGroup | undefined> {
    return undefined;
  }

  /** Of the whole server. */
  reload(): Promise<readonly string[]> {
    return this.#main.call('reload');
  }

  stop(): void {
    this.#main.tell('stopServer');
  }

  present(): Present {
    const { network, advertise } = this;
    // Copies without what hangs on the open ones.
    const listeners = network.listeners.map((it) => ({ ...it }));
    return { listeners, advertise: pack(advertise.settings) };
  }

  /** Tells the main thread of all that is printed today, for it is what remembers. */
  rememberPrinted(): void {
    this.advertise.own.rememberAll();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#remember?.cancel();
    this.rememberPrinted();
    await super[Symbol.asyncDispose]();
  }

  #rememberNowAndThen(): void {
    this.rememberPrinted();
    this.#remember = this.clock.setTimer(REMEMBER_EVERY_MS, () => this.#rememberNowAndThen());
  }
}
