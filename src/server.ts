import { logLine } from './base/channels.ts';
import { CommandTable } from './ops/admin/command-table.ts';
import { adminCommands } from './ops/admin/commands.ts';
import { controlPath } from './ops/admin/control-path.ts';
import { ControlSocket } from './ops/admin/control-socket.ts';
import { scriptCommand } from './ops/admin/script-commands.ts';
import type { ServerConfig } from './ops/config/server-config.ts';
import { VERSION } from './ops/version.ts';
import { build, openGate, type Parts } from './server/build.ts';
import { Foundation } from './server/foundation.ts';
import { OneAtATime } from './server/one-at-a-time.ts';
import { PrintedMemory } from './server/printed-memory.ts';
import { loadProgram } from './server/program.ts';
import type { ServerOptions } from './server/running-server.ts';
import { Signalling } from './server/signalling.ts';
import type { CounterGroup } from './server/statistics.ts';

/** The whole server in one thread, put together: the one place that knows every floor. */
export class Server extends Signalling {
  /** Resolves when somebody has asked the server to stop; its owner then disposes of it. */
  readonly stopped: Promise<void>;
  readonly #foundation: Foundation;
  readonly #reread: () => Promise<ServerConfig>;
  readonly #reloads = new OneAtATime();
  readonly #printed: PrintedMemory;
  readonly #stop: () => void;
  #control: ControlSocket | undefined;

  /**
   * Opens everything, or nothing.
   * @throws ServerError STORE_…, NET_…, CFG_ROUTES_INVALID, ADMIN_UNAVAILABLE: with what to do
   */
  static async start(options: ServerOptions): Promise<Server> {
    const { config } = options;
    await using resources = new AsyncDisposableStack();
    const program = await loadProgram(config);
    const foundation = resources.use(await Foundation.open(config));
    const { common, storage, relay, log } = foundation;
    const { subscribers, key } = storage;
    const stored = { location: storage.openLocation(), subscribers, key, printed: storage.printed() };
    const surroundings = { ...common, ...stored, relay, log };
    let server: Server | undefined;
    const parts = await build(config, program, surroundings, resources, () => server);
    server = new Server(options, parts, foundation, resources.move());
    try {
      server.#control = await server.#openControl();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  private constructor(
    options: ServerOptions,
    parts: Parts,
    foundation: Foundation,
    resources: AsyncDisposableStack,
  ) {
    super(options.config, parts, resources);
    this.#foundation = foundation;
    this.#reread = options.reread;
    openGate(parts);
    this.#printed = new PrintedMemory(parts.advertise, foundation.storage, parts.clock);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.stopped = promise;
    this.#stop = resolve;
    logLine('info', 'server', 'started', {
      version: VERSION,
      listeners: parts.network.listeners.map((listener) => listener.name),
      datagrams: parts.datagrams,
    });
  }

  relayStatistics(): Promise<CounterGroup | undefined> {
    return this.#foundation.relayStatistics();
  }

  /** One after the other, whoever asks. */
  reload(): Promise<readonly string[]> {
    return this.#reloads.run(async () => {
      const changes = await this.apply(await this.#reread());
      this.#printed.write();
      return changes;
    });
  }

  reopenLog(): void {
    this.#foundation.log.reopen();
  }

  stop(): void {
    this.#stop();
  }

  async drain(): Promise<void> {
    logLine('info', 'server', 'draining');
    await this.runDry();
    this.stop();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    await this.#control?.[Symbol.asyncDispose]();
    this.#printed[Symbol.dispose]();
    logLine('info', 'server', 'stopped');
    await super[Symbol.asyncDispose]();
  }

  #openControl(): Promise<ControlSocket> {
    const commands = new CommandTable(adminCommands(this), (name) => scriptCommand(this.script, name));
    return ControlSocket.open(controlPath(this.config.data), commands);
  }
}
