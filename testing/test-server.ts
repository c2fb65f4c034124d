import type { Advertise } from '../src/advertise/advertise.ts';
import type { Clock } from '../src/base/clock.ts';
import { SequentialIds } from '../src/base/ids.ts';
import { TimerWheel } from '../src/base/timer-wheel.ts';
import { Authenticator } from '../src/core/auth/authenticator.ts';
import type { SubscriberStore } from '../src/core/auth/subscriber-store.ts';
import { Dialogs } from '../src/core/dialog/dialogs.ts';
import { FrontDoor, type FrontDoorSettings } from '../src/core/front-door/front-door.ts';
import { isBehindNat } from '../src/core/nat/nat-test.ts';
import { Proxy as SipProxy } from '../src/core/proxy/proxy.ts';
import { DEFAULT_PROXY_SETTINGS, type ProxyEnvironment } from '../src/core/proxy/proxy-environment.ts';
import { Registrar } from '../src/core/registrar/registrar.ts';
import { UserAgentClient } from '../src/core/ua/user-agent-client.ts';
import { Quarantine } from '../src/net/quarantine.ts';
import { Resolver } from '../src/net/resolver.ts';
import { StaticNames } from '../src/net/testing/static-names.ts';
import { Anchoring } from '../src/script/media/anchoring.ts';
import { leadsTo } from '../src/script/media/leads-to.ts';
import { MediaCalls } from '../src/script/media/media-calls.ts';
import { type MediaEnvironment, newMediaCounters } from '../src/script/media/media-environment.ts';
import type { AnchorPolicy } from '../src/script/media/needs-relay.ts';
import { RelaySets } from '../src/script/media/relay-sets.ts';
import type { Program } from '../src/script/program.ts';
import { Runtime } from '../src/script/runtime.ts';
import { MemoryLocation } from '../src/store/memory/location.ts';
import { DEFAULT_TIMERS } from '../src/transaction/timers.ts';
import { TransactionLayer } from '../src/transaction/transaction-layer.ts';
import type { TestHost } from './test-network.ts';
import type { TestRelay } from './test-relay.ts';
import { TestSockets } from './test-sockets.ts';

export interface TestServerOptions {
  readonly host: TestHost;
  readonly clock: Clock;
  readonly advertise: Advertise;
  readonly subscribers: SubscriberStore;
  readonly key: Buffer;
  readonly realm: string;
  readonly program: Program;
  readonly frontDoor: FrontDoorSettings;
  readonly answerTimeoutMs?: number;
  readonly names: Readonly<Record<string, readonly string[]>>;
  readonly relays: Readonly<Record<string, TestRelay>>;
  readonly anchor: AnchorPolicy;
}

/** The SIP elements of a server, put together as the real one is, on a host of a test network. */
export class TestServer implements AsyncDisposable {
  readonly location: MemoryLocation = new MemoryLocation();
  readonly registrar: Registrar;
  readonly frontDoor: FrontDoor;
  readonly layer: TransactionLayer;
  readonly runtime: Runtime;
  readonly media: MediaCalls;
  readonly dialogs: Dialogs;
  readonly #wheel: TimerWheel;
  readonly #sockets: TestSockets;

  constructor(options: TestServerOptions) {
    const { clock, advertise, key, realm, subscribers } = options;
    const ids = new SequentialIds();
    const wheel = new TimerWheel(clock);
    this.#wheel = wheel;
    this.registrar = new Registrar({ store: this.location, clock, bootId: 'test' });
    this.frontDoor = new FrontDoor({ clock, advertise, settings: options.frontDoor });
    const isOwn: MediaEnvironment['isOwn'] = ({ remoteAddress, remotePort }) =>
      advertise.listeners.some(({ address, port }) => address === remoteAddress && port === remotePort);
    const environment: MediaEnvironment = {
      advertise,
      ids,
      counters: newMediaCounters(),
      advertised: () => undefined,
      leadsTo: (branch, received) => leadsTo(branch, received, forwarding),
      isOwn,
    };
    this.media = new MediaCalls(environment, () => this.dialogs);
    const sets = Object.entries(options.relays).map(([name, control]) => ({ name, control, set: 0 }));
    for (const { control } of sets) control.listener = this.media;
    this.runtime = new Runtime({
      advertise,
      media: new Anchoring(this.media, new RelaySets(sets), options.anchor),
      registrar: this.registrar,
      authenticator: new Authenticator({ subscribers, key, clock, ids }),
      realm,
      wheel,
      frontDoor: this.frontDoor,
      program: options.program,
      layer: () => this.layer,
      proxy: () => proxy,
      dialogs: () => this.dialogs,
      ...(options.answerTimeoutMs === undefined ? {} : { answerTimeoutMs: options.answerTimeoutMs }),
    });
    this.layer = new TransactionLayer({
      network: () => this.#sockets,
      clock,
      wheel,
      ids,
      timers: DEFAULT_TIMERS,
      user: this.runtime,
      limits: { serverTransactions: 1000, clientTransactions: 1000 },
      forceRport: isBehindNat,
    });
    this.#sockets = new TestSockets(options.host, advertise.listeners, this.layer);
    const forwarding: ProxyEnvironment = {
      layer: this.layer,
      network: this.#sockets,
      advertise,
      resolver: new Resolver({ nameServer: new StaticNames({ hosts: options.names }), clock, ids }),
      quarantine: new Quarantine(clock),
      wheel,
      subnets: new Map(),
      settings: DEFAULT_PROXY_SETTINGS,
      loopSalt: 'test',
    };
    const client = new UserAgentClient(forwarding, ids, (view) => this.runtime.local(view));
    this.dialogs = new Dialogs({ environment: forwarding, clock, ids, client });
    const proxy = new SipProxy(forwarding, this.dialogs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dialogs[Symbol.asyncDispose]();
    await this.layer[Symbol.asyncDispose]();
    await this.registrar[Symbol.asyncDispose]();
    await this.#sockets[Symbol.asyncDispose]();
    this.#wheel.close();
  }
}
