import { networkInterfaces, tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { Advertise } from '../advertise/advertise.ts';
import { SystemClock } from '../base/clock.ts';
import { RandomIds } from '../base/ids.ts';
import { TimerWheel } from '../base/timer-wheel.ts';
import { Authenticator } from '../core/auth/authenticator.ts';
import { Dialogs } from '../core/dialog/dialogs.ts';
import { FrontDoor } from '../core/front-door/front-door.ts';
import { isBehindNat } from '../core/nat/nat-test.ts';
import { Proxy as SipProxy } from '../core/proxy/proxy.ts';
import type { ProxyEnvironment } from '../core/proxy/proxy-environment.ts';
import { Registrar } from '../core/registrar/registrar.ts';
import { UserAgentClient } from '../core/ua/user-agent-client.ts';
import type { Destination } from '../net/network.ts';
import { Quarantine } from '../net/quarantine.ts';
import { Resolver } from '../net/resolver.ts';
import { subnetsOf } from '../net/select-listener.ts';
import { listenersOf } from '../ops/config/listeners-of.ts';
import { defaultRealm } from '../ops/config/realm.ts';
import type { ServerConfig } from '../ops/config/server-config.ts';
import { MemoryLocation } from '../store/memory/location.ts';
import { TransactionLayer } from '../transaction/transaction-layer.ts';
import { loadProgram, type RoutingRuntime, startProgram } from './program.ts';
import { frontDoorSettings, proxySettings } from './settings.ts';
import { SilentNames, SilentNetwork } from './silent-network.ts';

/** How long whatever a message sets off may take, in ms; what waits longer waits for the world outside. */
const PATIENCE_MS = 1500;
const QUIET_MS = 150;

/**
 * A server that opens nothing and sends nothing: it takes a message, and shows what it would send. It knows no users and
 * no registrations but those that a script reads from databases of its own.
 */
export class DryServer implements AsyncDisposable {
  readonly network: SilentNetwork;
  readonly names: SilentNames = new SilentNames();
  readonly #layer: TransactionLayer;
  readonly #resources: AsyncDisposableStack;

  /** @throws ServerError CFG_ROUTES_INVALID, and what the modules of a script throw when they start */
  static async start(config: ServerConfig): Promise<DryServer> {
    await using resources = new AsyncDisposableStack();
    const network = new SilentNetwork(listenersOf(config, networkInterfaces()));
    const server = new DryServer(network, resources, config);
    try {
      await server.#open(config);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  #runtime: RoutingRuntime | undefined;
  readonly #wheel: TimerWheel;
  readonly #clock: SystemClock = new SystemClock();
  readonly #ids: RandomIds = new RandomIds();

  private constructor(network: SilentNetwork, resources: AsyncDisposableStack, config: ServerConfig) {
    this.network = network;
    this.#wheel = new TimerWheel(this.#clock);
    const runtime = () => this.#runtime!;
    this.#layer = resources.use(
      new TransactionLayer({
        network: () => network,
        clock: this.#clock,
        wheel: this.#wheel,
        ids: this.#ids,
        timers: config.timers,
        user: {
          request: (message, flow) => runtime().request(message, flow),
          ack: (message, flow) => runtime().ack(message, flow),
          cancel: (message, flow, invite) => runtime().cancel(message, flow, invite),
          strayResponse: (message, flow) => runtime().strayResponse(message, flow),
          malformed: (...args) => runtime().malformed(...args),
        },
        limits: config.limits,
        forceRport: isBehindNat,
      }),
    );
    this.#resources = resources.move();
  }

  async #open(config: ServerConfig): Promise<void> {
    const clock = this.#clock;
    const ids = this.#ids;
    const wheel = this.#wheel;
    const layer = this.#layer;
    const { network } = this;
    const interfaces = networkInterfaces();
    const key = Buffer.from(ids.token(32));
    const advertise = new Advertise({
      settings: config.advertise,
      listeners: network.listeners,
      key,
      clock,
      interfaces,
    });
    const environment: ProxyEnvironment = {
      layer,
      network,
      advertise,
      resolver: new Resolver({ nameServer: this.names, clock, ids }),
      quarantine: new Quarantine(clock),
      wheel,
      subnets: new Map(subnetsOf(interfaces)),
      settings: proxySettings(config),
      loopSalt: ids.token(12),
    };
    const client = new UserAgentClient(environment, ids, (view) => this.#runtime!.local(view));
    const dialogs = this.#resources.use(new Dialogs({ environment, clock, ids, client }));
    const proxy = new SipProxy(environment, dialogs);
    const location = new MemoryLocation();
    const registrar = this.#resources.use(new Registrar({ store: location, clock, bootId: 'dry' }));
    const subscribers = { find: () => undefined };
    const { algorithms } = config.auth;
    const authenticator = new Authenticator({ subscribers, key, clock, ids, algorithms });
    const frontDoor = new FrontDoor({ clock, advertise, settings: frontDoorSettings(config, undefined) });
    const realm = defaultRealm(config);
    const elements = { advertise, registrar, authenticator, realm, wheel };
    this.#runtime = await startProgram(
      config,
      await loadProgram(config),
      { ...elements, frontDoor, layer: () => layer, proxy: () => proxy, dialogs: () => dialogs },
      {
        ...elements,
        clock,
        ids,
        layer,
        environment,
        proxy,
        dialogs,
        location,
        subscribers,
        client,
        data: tmpdir(),
      },
      frontDoor,
      this.#resources,
    );
  }

  /**
   * Takes a message as though it had come from `source`, and waits until nothing more happens.
   * @param on the listener that it comes to, by its name; the first of its transport by default
   */
  async take(bytes: Buffer, source: Destination, on?: string): Promise<void> {
    const { unsent, listeners } = this.network;
    unsent.length = 0;
    const listener =
      listeners.find(({ name }) => name === on) ??
      listeners.find(({ transport }) => transport === source.transport) ??
      listeners[0]!;
    const flow = this.network.flowTo(listener, { ...source, transport: listener.transport });
    this.#layer.message(bytes, flow);
    const end = this.#clock.now() + PATIENCE_MS;
    for (let seen = -1; seen !== unsent.length && this.#clock.now() < end; ) {
      seen = unsent.length;
      // Timers of the server's clock keep no process alive.
      await delay(QUIET_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
    this.#wheel.close();
  }
}
