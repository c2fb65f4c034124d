import { networkInterfaces } from 'node:os';
import { Advertise } from './advertise/advertise.ts';
import { logLine } from './base/channels.ts';
import { type Clock, SystemClock, type TimerHandle } from './base/clock.ts';
import { RandomIds } from './base/ids.ts';
import type { Cidr } from './base/ip.ts';
import { TimerWheel } from './base/timer-wheel.ts';
import { Authenticator } from './core/auth/authenticator.ts';
import { Dialogs } from './core/dialog/dialogs.ts';
import { FrontDoor } from './core/front-door/front-door.ts';
import { KeepAlive } from './core/nat/keepalive.ts';
import { isBehindNat } from './core/nat/nat-test.ts';
import { Proxy as SipProxy } from './core/proxy/proxy.ts';
import type { ProxyEnvironment } from './core/proxy/proxy-environment.ts';
import type { LocationStore } from './core/registrar/location-store.ts';
import { Registrar } from './core/registrar/registrar.ts';
import { OptionsPing } from './core/ua/options-ping.ts';
import { QuarantineProbe } from './core/ua/quarantine-probe.ts';
import { UserAgentClient } from './core/ua/user-agent-client.ts';
import { type DatagramPath, datagramPath } from './net/datagram-path.ts';
import { DnsNameServer } from './net/name-server.ts';
import { Quarantine } from './net/quarantine.ts';
import { Resolver } from './net/resolver.ts';
import { subnetsOf } from './net/select-listener.ts';
import { Sockets } from './net/sockets.ts';
import type { Administered } from './ops/admin/administered.ts';
import { adminCommands } from './ops/admin/commands.ts';
import { controlPath } from './ops/admin/control-path.ts';
import { ControlSocket } from './ops/admin/control-socket.ts';
import { scriptCommand } from './ops/admin/script-commands.ts';
import { listenersOf } from './ops/config/listeners-of.ts';
import { defaultRealm } from './ops/config/realm.ts';
import type { ServerConfig } from './ops/config/server-config.ts';
import { Log } from './ops/log/log.ts';
import { VERSION } from './ops/version.ts';
import type { Anchoring } from './script/media/anchoring.ts';
import type { RunningProgram } from './script/opensips/runtime/running-program.ts';
import { watchStrayFaults } from './script/stray-faults.ts';
import { Gate } from './server/gate.ts';
import { ServerMedia } from './server/media.ts';
import { loadProgram, type RoutingRuntime, scriptOf, startProgram } from './server/program.ts';
import { ServerRelays } from './server/relays.ts';
import { reloadServer } from './server/reload.ts';
import { makeSelfSignedFiles } from './server/self-signed-files.ts';
import { serverHandle } from './server/server-handle.ts';
import {
  dnsCacheSettings,
  frontDoorSettings,
  keepAliveSettings,
  nameServerSettings,
  proxySettings,
  quarantineSettings,
  socketLimits,
} from './server/settings.ts';
import { type CounterGroup, networkNumbers, numbersOf, transactionNumbers } from './server/statistics.ts';
import { Storage } from './server/storage.ts';
import { TransactionLayer } from './transaction/transaction-layer.ts';

const REMEMBER_EVERY_MS = 60_000;
const DRAIN_LONGEST_MS = 30_000;
const DRAIN_LOOK_MS = 200;

export interface ServerOptions {
  readonly config: ServerConfig;
  /** Reads the configuration again, for a reload. Throws ServerError CFG_… where it is wrong. */
  readonly reread: () => Promise<ServerConfig>;
}

/** What {@link Server.start} has made, lowest floor first. */
interface Parts {
  readonly clock: Clock;
  readonly log: Log;
  readonly storage: Storage;
  readonly gate: Gate;
  readonly layer: TransactionLayer;
  readonly network: Sockets;
  readonly datagrams: DatagramPath['name'];
  readonly nameServer: DnsNameServer;
  readonly resolver: Resolver;
  readonly quarantine: Quarantine;
  readonly probe: QuarantineProbe;
  readonly advertise: Advertise;
  readonly registrar: Registrar;
  readonly authenticator: Authenticator;
  readonly frontDoor: FrontDoor;
  readonly runtime: RoutingRuntime;
  readonly dialogs: Dialogs;
  readonly relays: ServerRelays;
  readonly media: ServerMedia;
  readonly keepAlive: KeepAlive | undefined;
  readonly subnets: Map<string, Cidr>;
}

/** The whole server, put together: the one place that knows every floor. */
export class Server implements Administered, AsyncDisposable {
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
  /** Resolves when somebody has asked the server to stop; its owner then disposes of it. */
  readonly stopped: Promise<void>;
  readonly #parts: Parts;
  readonly #reread: () => Promise<ServerConfig>;
  readonly #resources: AsyncDisposableStack;
  readonly #stop: () => void;
  #config: ServerConfig;
  #reloading: Promise<unknown> = Promise.resolve();
  #remember: TimerHandle | undefined;

  /**
   * Opens everything, or nothing.
   * @throws ServerError STORE_…, NET_…, CFG_ROUTES_INVALID, ADMIN_UNAVAILABLE: with what to do
   */
  static async start(options: ServerOptions): Promise<Server> {
    await using resources = new AsyncDisposableStack();
    let server: Server | undefined;
    const parts = await build(options.config, resources, () => server);
    server = new Server(options, parts, resources.move());
    try {
      await server.#openControl();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  private constructor(options: ServerOptions, parts: Parts, resources: AsyncDisposableStack) {
    this.#parts = parts;
    this.#config = options.config;
    this.#reread = options.reread;
    this.#resources = resources;
    this.clock = parts.clock;
    this.startedAt = parts.clock.now();
    this.advertise = parts.advertise;
    this.network = parts.network;
    this.registrar = parts.registrar;
    this.location = parts.storage.location;
    this.resolver = parts.resolver;
    this.quarantine = parts.quarantine;
    this.dialogs = parts.dialogs;
    this.media = parts.media.anchoring;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.stopped = promise;
    this.#stop = resolve;
    this.#rememberNowAndThen();
    logLine('info', 'server', 'started', {
      version: VERSION,
      listeners: parts.network.listeners.map((listener) => listener.name),
      datagrams: parts.datagrams,
    });
  }

  get config(): ServerConfig {
    return this.#config;
  }

  statistics(): Readonly<Record<string, CounterGroup>> {
    const { network, layer, registrar, authenticator, frontDoor, runtime, keepAlive, gate } = this.#parts;
    const { resolver, nameServer, quarantine, probe, dialogs, media } = this.#parts;
    return {
      net: networkNumbers(network, this.clock.wallNow()),
      dns: { ...resolver.counters, ...nameServer.counters },
      quarantine: { ...numbersOf(quarantine.counters), inside: quarantine.size, probes: probe.counters.sent },
      transaction: transactionNumbers(layer.counters),
      registrar: { ...numbersOf(registrar.counters), overflowed: registrar.overflowed },
      auth: numbersOf(authenticator.counters),
      frontDoor: { ...numbersOf(frontDoor.counters), turnedAway: gate.turnedAway },
      dialog: { ...numbersOf(dialogs.counters), known: dialogs.size },
      media: media.statistics(),
      script: { ...numbersOf(runtime.counters), pending: runtime.pending },
      ...(keepAlive && { keepAlive: { ...numbersOf(keepAlive.counters), pending: keepAlive.pending } }),
    };
  }

  /** The OpenSIPS script that runs, if one does. */
  get script(): RunningProgram | undefined {
    return scriptOf(this.#parts.runtime);
  }

  /** What the relay in this server has counted; undefined where there is none. */
  relayStatistics(): Promise<CounterGroup | undefined> {
    return this.#parts.relays.statistics();
  }

  /** One after the other, whoever asks. */
  reload(): Promise<readonly string[]> {
    const result = this.#reloading.then(() => this.#reload());
    this.#reloading = result.catch(() => {});
    return result;
  }

  /** Opens the log anew, after it was moved away. */
  reopenLog(): void {
    this.#parts.log.reopen();
  }

  stop(): void {
    this.#stop();
  }

  /** Takes nothing new, waits for what is under way, and stops; after 30 s in any case. */
  async drain(): Promise<void> {
    const { gate, layer, clock } = this.#parts;
    gate.drain();
    logLine('info', 'server', 'draining');
    const end = clock.now() + DRAIN_LONGEST_MS;
    while (layer.counters.inUse > 0 && clock.now() < end) {
      await new Promise<void>((resolve) => clock.setTimer(DRAIN_LOOK_MS, resolve));
    }
    this.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    this.#remember?.cancel();
    this.#rememberPrinted();
    await this.#parts.media.hangUp(this.clock);
    logLine('info', 'server', 'stopped');
    await this.#resources.disposeAsync();
  }

  async #openControl(): Promise<void> {
    const control = await ControlSocket.open(controlPath(this.#config.data), adminCommands(this), (name) =>
      scriptCommand(this.script, name),
    );
    this.#resources.use(control);
  }

  async #reload(): Promise<readonly string[]> {
    const next = await this.#reread();
    const changes = await reloadServer(this.#parts, this.#config, next);
    this.#config = next;
    this.#rememberPrinted();
    return changes;
  }

  #rememberNowAndThen(): void {
    this.#rememberPrinted();
    this.#remember = this.clock.setTimer(REMEMBER_EVERY_MS, () => this.#rememberNowAndThen());
  }

  #rememberPrinted(): void {
    try {
      this.#parts.storage.remember(this.advertise);
    } catch (error) {
      logLine('error', 'server', 'printed addresses could not be stored', { error: String(error) });
    }
  }
}

async function build(
  config: ServerConfig,
  resources: AsyncDisposableStack,
  server: () => Server | undefined,
): Promise<Parts> {
  const clock = new SystemClock();
  const ids = new RandomIds();
  const wheel = new TimerWheel(clock);
  const interfaces = networkInterfaces();
  const listeners = listenersOf(config, interfaces);
  const program = await loadProgram(config);
  await ControlSocket.refuseSecond(controlPath(config.data));
  const storage = resources.use(new Storage(config.data));
  const log = resources.use(new Log(config.log, clock));
  const bootId = ids.token(12);
  makeSelfSignedFiles(listeners, config.advertise.domains ?? [], clock.wallNow());

  const gate = new Gate(() => layer);
  const layer: TransactionLayer = resources.use(
    new TransactionLayer({
      network: () => network,
      clock,
      wheel,
      ids,
      timers: config.timers,
      user: gate,
      limits: config.limits,
      forceRport: isBehindNat,
    }),
  );
  // Before any listener: what comes in while the relay starts would be lost.
  const relays = resources.use(await ServerRelays.open(config.media, listeners, { clock, wheel, ids }));
  const datagrams = datagramPath(config.datagrams);
  const network: Sockets = resources.use(
    await Sockets.open(
      listeners,
      { clock, wheel, ...socketLimits(config), openDatagrams: datagrams.open },
      layer,
    ),
  );
  const { key, location, subscribers } = storage;
  const advertise = new Advertise({
    settings: config.advertise,
    listeners: network.listeners,
    key,
    clock,
    interfaces,
  });
  storage.restore(advertise);

  const subnets = new Map(subnetsOf(interfaces));
  const nameServer = new DnsNameServer({ clock, ids, ...nameServerSettings(config) });
  const resolver = new Resolver({ nameServer, clock, ids, cache: dnsCacheSettings(config) });
  const quarantine = new Quarantine(clock, quarantineSettings(config));
  const environment: ProxyEnvironment = {
    layer,
    network,
    advertise,
    resolver,
    quarantine,
    wheel,
    subnets,
    settings: proxySettings(config),
    loopSalt: ids.token(12),
  };
  const client = new UserAgentClient(environment, ids, (view) => runtime.local(view));
  const dialogs = resources.use(new Dialogs({ environment, clock, ids, client }));
  const proxy = new SipProxy(environment, dialogs);
  const media = new ServerMedia({
    config: config.media,
    relays,
    proxy: environment,
    dialogs: () => dialogs,
    ids,
  });
  const registrar = resources.use(
    new Registrar({
      store: location,
      clock,
      bootId,
      limits: config.registrar,
      onConnectionLost: config.registrar.onConnectionLost,
      flowTimer: config.registrar.flowTimer,
      isOpen: (connectionId) => network.connection(connectionId) !== undefined,
    }),
  );
  const { algorithms, nonceLife } = config.auth;
  const authenticator = new Authenticator({
    subscribers,
    key,
    clock,
    ids,
    algorithms,
    nonceLifetimeMs: nonceLife,
    isOwnHost: (host) => advertise.own.isLocalDomain(host),
  });
  const frontDoor = new FrontDoor({ clock, advertise, settings: frontDoorSettings(config) });
  const realm = defaultRealm(config);
  const runtime: RoutingRuntime = await startProgram(
    config,
    program,
    {
      advertise,
      registrar,
      authenticator,
      realm,
      oneRealm: config.auth.realm !== undefined,
      wheel,
      frontDoor,
      layer: () => layer,
      proxy: () => proxy,
      dialogs: () => dialogs,
      media: media.anchoring,
    },
    {
      clock,
      wheel,
      ids,
      layer,
      environment,
      advertise,
      proxy,
      dialogs,
      registrar,
      location,
      subscribers,
      authenticator,
      client,
      realm,
      data: config.data,
      server: serverHandle(server, log),
      media: { anchoring: media.anchoring, environment: media.environment, openPort: relays.openPort },
    },
    frontDoor,
    resources,
  );
  const sender = new OptionsPing(client, bootId);
  const probe = resources.use(new QuarantineProbe(quarantine, client, clock));
  const settings = keepAliveSettings(config);
  const keepAlive =
    settings &&
    resources.use(new KeepAlive({ location, registrar, network, sender, clock, bootId, settings }));
  resources.use(watchStrayFaults(runtime));
  gate.open(runtime);
  return {
    clock,
    log,
    storage,
    gate,
    layer,
    network,
    datagrams: datagrams.name,
    nameServer,
    resolver,
    quarantine,
    probe,
    advertise,
    registrar,
    authenticator,
    frontDoor,
    runtime,
    dialogs,
    relays,
    media,
    keepAlive,
    subnets,
  };
}
