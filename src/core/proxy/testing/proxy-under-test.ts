import { Advertise, type AdvertiseSettings } from '../../../advertise/advertise.ts';
import { FakeClock } from '../../../base/fake-clock.ts';
import { SequentialIds } from '../../../base/ids.ts';
import { canonicalHost } from '../../../base/ip.ts';
import { TimerWheel } from '../../../base/timer-wheel.ts';
import type { Flow } from '../../../net/flow.ts';
import type { Listener } from '../../../net/listener.ts';
import type { NaptrRecord, SrvRecord } from '../../../net/name-server.ts';
import { Quarantine } from '../../../net/quarantine.ts';
import { Resolver } from '../../../net/resolver.ts';
import { StaticNames } from '../../../net/testing/static-names.ts';
import { defaultPort, transportName } from '../../../net/transport-name.ts';
import type { WorkerPlace } from '../../../net/worker-place.ts';
import type { ServerTransaction } from '../../../transaction/server-transaction.ts';
import { DEFAULT_TIMERS, type TransactionTimers } from '../../../transaction/timers.ts';
import { TransactionLayer } from '../../../transaction/transaction-layer.ts';
import type { TransactionUser } from '../../../transaction/transaction-user.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import type { Uri } from '../../../wire/sip/uri.ts';
import { type DialogSettings, Dialogs } from '../../dialog/dialogs.ts';
import { isBehindNat } from '../../nat/nat-test.ts';
import { type OutgoingView, UserAgentClient } from '../../ua/user-agent-client.ts';
import type { ForkOptions, ForkOutcome, StatelessOptions } from '../fork-options.ts';
import { Proxy as SipProxy } from '../proxy.ts';
import { DEFAULT_PROXY_SETTINGS, type ProxyEnvironment, type ProxySettings } from '../proxy-environment.ts';
import type { Target } from '../target.ts';
import { Peer, type PeerOptions, type Wire } from './peer.ts';
import { listener, PeerNetwork, type Sent } from './peer-network.ts';

export interface ProxyUnderTestOptions {
  /** As `udp:10.0.0.34:5060 as 99.88.44.33`; the default is that one and the same over TCP. */
  readonly listeners?: readonly string[];
  readonly advertise?: AdvertiseSettings;
  readonly settings?: Partial<ProxySettings>;
  readonly timers?: Partial<TransactionTimers>;
  readonly dialogs?: Partial<DialogSettings>;
  /** Most server and client transactions each. */
  readonly limit?: number;
  /** Addresses by name. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  readonly services?: Readonly<Record<string, readonly SrvRecord[]>>;
  /** Which of several workers it is. */
  readonly place?: WorkerPlace;
  readonly pointers?: Readonly<Record<string, readonly NaptrRecord[]>>;
}

/** The public address of the 1:1 NAT that listeners on 10.0.0.34 stand behind. */
export const PUBLIC = '99.88.44.33';

const KEY = Buffer.alloc(32, 7);

/** A real proxy on a real transaction layer, between peers on a fake network and a fake clock. */
export class ProxyUnderTest implements TransactionUser, Wire {
  readonly clock: FakeClock = new FakeClock();
  readonly wheel: TimerWheel = new TimerWheel(this.clock);
  readonly quarantine: Quarantine = new Quarantine(this.clock);
  readonly network: PeerNetwork;
  readonly advertise: Advertise;
  readonly layer: TransactionLayer;
  readonly dialogs: Dialogs;
  readonly environment: ProxyEnvironment;
  /** Requests of the server's own. */
  readonly client: UserAgentClient;
  readonly ids: SequentialIds = new SequentialIds();
  readonly proxy: SipProxy;
  readonly peers: Peer[] = [];
  /** Where requests outside a dialog go, group by group. */
  groups: readonly (readonly Target[])[] = [];
  options: ForkOptions = {};
  /** For the ACK of a 2xx. */
  ackOptions: StatelessOptions = {};
  /** How forks ended. */
  readonly outcomes: ForkOutcome[] = [];
  readonly transactions: ServerTransaction[] = [];
  /** Sees each request before it is forwarded. */
  onRequest: (message: SipMessage, transaction: ServerTransaction) => void = () => {};
  /** Says what is done with an outcome; by default it is passed on. */
  onOutcome: (transaction: ServerTransaction, outcome: ForkOutcome) => void = (transaction, outcome) =>
    this.proxy.finish(transaction, outcome);
  /** Messages that nobody wanted: answers to nothing, and bytes that are no message. */
  strays = 0;

  constructor(options: ProxyUnderTestOptions = {}) {
    const { clock, wheel } = this;
    const texts = options.listeners ?? [`udp:10.0.0.34:5060 as ${PUBLIC}`, `tcp:10.0.0.34:5060 as ${PUBLIC}`];
    const listeners = texts.map(listener);
    const { ids } = this;
    const limit = options.limit ?? 10_000;
    this.network = new PeerNetwork(listeners);
    this.advertise = new Advertise({ settings: options.advertise ?? {}, listeners, key: KEY, clock });
    this.layer = new TransactionLayer({
      network: () => this.network,
      clock,
      wheel,
      ids,
      timers: { ...DEFAULT_TIMERS, ...options.timers },
      user: this,
      limits: { serverTransactions: limit, clientTransactions: limit },
      place: options.place,
      forceRport: isBehindNat,
    });
    const environment: ProxyEnvironment = {
      layer: this.layer,
      network: this.network,
      advertise: this.advertise,
      resolver: new Resolver({ nameServer: new StaticNames(options), clock, ids }),
      quarantine: this.quarantine,
      wheel,
      subnets: new Map(),
      settings: { ...DEFAULT_PROXY_SETTINGS, ...options.settings },
      loopSalt: 'salt',
      place: options.place,
    };
    const client = new UserAgentClient(environment, ids, (view) => this.local(view));
    this.environment = environment;
    this.client = client;
    this.dialogs = new Dialogs({ environment, clock, ids, client, settings: options.dialogs ?? {} });
    this.proxy = new SipProxy(environment, this.dialogs);
    this.network.receive = (bytes, flow) => this.layer.message(bytes, flow);
    this.network.deliver = (sent) => this.#deliver(sent);
  }

  /** The listener of that name, by default the first. */
  listener(name?: string): Listener {
    return name === undefined ? this.network.listeners[0]! : this.network.listener(name);
  }

  peer(address: string, options: Partial<PeerOptions> = {}): Peer {
    const peer = new Peer(this, { address, talksTo: this.listener(), ...options });
    this.peers.push(peer);
    return peer;
  }

  /** Lets requests outside a dialog go to these peers at once. */
  forkTo(...peers: readonly Peer[]): this {
    this.groups = [peers.map((peer) => target(peer.contact))];
    return this;
  }

  /** Sees each request of the server's own. */
  local(_view: OutgoingView): void {}

  send(text: string, from: Peer, to: Listener): void {
    const flow = this.network.flowTo(to, {
      transport: to.transport,
      address: from.address,
      port: from.port,
    })!;
    this.layer.message(Buffer.from(text, 'latin1'), flow);
    this.network.drain();
  }

  /** Peers of the private network reach only bound addresses, all others only what the NAT or a bound one gives them. */
  reach(peer: Peer, uri: Uri): Listener {
    const secure = uri.scheme === 'sips';
    const named = transportName(uri.param('transport') ?? (secure ? 'tls' : 'udp'));
    const transport = secure && named === 'ws' ? 'wss' : named;
    const host = canonicalHost(uri.host);
    const port = uri.port ?? defaultPort(transport ?? 'udp');
    const inside = peer.address.startsWith('10.');
    const found = this.network.listeners.find((it) => {
      if (it.transport !== transport) return false;
      const behindNat = it.address.startsWith('10.');
      const seen = inside || !behindNat ? it : { address: PUBLIC, port: it.advertised?.port ?? it.port };
      return seen.address === host && seen.port === port;
    });
    if (!found) throw new Error(`${peer.address} cannot reach ${uri}`);
    return found;
  }

  advance(ms: number): void {
    this.clock.advance(ms);
    this.network.drain();
  }

  /** Lets look-ups come back. */
  async settle(): Promise<void> {
    await this.clock.advanceAsync(0);
    this.network.drain();
  }

  request(message: SipMessage, flow: Flow): void {
    const transaction = this.layer.accept(message, flow);
    if (!transaction) {
      this.layer.replyStateless(message, flow, { status: 503 });
      return;
    }
    this.transactions.push(transaction);
    this.onRequest(message, transaction);
    if (message.to?.tag !== undefined) {
      this.proxy.inDialog(transaction, this.options);
      return;
    }
    this.proxy.forkThen(transaction, this.groups, this.options, (outcome) => {
      this.outcomes.push(outcome);
      this.onOutcome(transaction, outcome);
    });
  }

  ack(message: SipMessage, flow: Flow): void {
    this.proxy.ack(message, flow, this.ackOptions);
  }

  cancel(message: SipMessage, flow: Flow, invite: ServerTransaction | undefined): void {
    this.proxy.cancel(message, flow, invite);
  }

  strayResponse(message: SipMessage, flow: Flow): void {
    if (!this.proxy.strayResponse(message, flow)) this.strays++;
  }

  malformed(): void {
    this.strays++;
  }

  #deliver({ to, text }: Sent): void {
    const peer = this.peers.find(
      (it) => it.address === to.address && it.port === to.port && it.transport === to.transport,
    );
    peer?.inbox.push(text);
  }
}

/** A proxy between two parties outside, whose requests go to the second. */
export function pair(options: ProxyUnderTestOptions = {}): {
  readonly server: ProxyUnderTest;
  readonly caller: Peer;
  readonly callee: Peer;
} {
  const server = new ProxyUnderTest(options);
  const caller = server.peer('192.0.2.7');
  const callee = server.peer('198.51.100.1');
  server.forkTo(callee);
  return { server, caller, callee };
}

/** A target that only a URI is known of. */
export function target(uri: string, more: Partial<Target> = {}): Target {
  return {
    uri,
    route: [],
    q: 1000,
    source: undefined,
    listener: undefined,
    connectionId: 0,
    instance: '',
    ...more,
  };
}
