import { Advertise, type AdvertiseSettings } from '../src/advertise/advertise.ts';
import { FakeClock } from '../src/base/fake-clock.ts';
import { computeHa1, DIGEST_ALGORITHMS } from '../src/core/auth/digest.ts';
import type { Subscriber, SubscriberStore } from '../src/core/auth/subscriber-store.ts';
import { DEFAULT_FRONT_DOOR, type FrontDoorSettings } from '../src/core/front-door/front-door.ts';
import { type AddressParts, type Listener, listenerName } from '../src/net/listener.ts';
import type { Routes } from '../src/script/api/routes.ts';
import { programOf } from '../src/script/program.ts';
import { toByteString } from '../src/wire/sip/text.ts';
import { SipPeer, type SipPeerOptions } from './sip-peer.ts';
import { TestNetwork } from './test-network.ts';
import { TestRelay } from './test-relay.ts';
import { TestServer } from './test-server.ts';

export interface CallHarnessOptions {
  readonly routes: Routes;
  /** Passwords by user. */
  readonly users?: Readonly<Record<string, string>>;
  /** Default `example.com`: domain and realm. */
  readonly domain?: string;
  /** What the server is bound to; default 10.0.0.34. */
  readonly address?: string;
  /** What the 1:1 NAT before it makes of that; default 99.88.44.33. */
  readonly publicAddress?: string;
  /** What the listener prints; default the public address. */
  readonly as?: AddressParts;
  readonly advertise?: AdvertiseSettings;
  readonly frontDoor?: Partial<FrontDoorSettings>;
  readonly answerTimeoutMs?: number;
  /** Which calls `call.anchorMedia()` takes through {@link CallHarness.relay}; default: all. */
  readonly anchor?: 'always' | 'nat' | 'never';
  /** Addresses of hosts by name: nobody else is asked. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  /** Relays by name beside the harness's own. */
  readonly relays?: Readonly<Record<string, TestRelay>>;
}

export interface HarnessPeerOptions {
  /** Its address; default one of 203.0.113.0/24, outside. One of 10.0.0.0/24 stands beside the server. */
  readonly address?: string;
  readonly port?: number;
  /** Default: the one of its user. */
  readonly password?: string;
}

const PORT = 5060;
const CLOUD = 'cloud';

/** A whole server on a fake network and a clock that stands still: routes are tested without sockets. */
export class CallHarness implements AsyncDisposable {
  readonly network: TestNetwork = new TestNetwork();
  readonly clock: FakeClock = new FakeClock();
  readonly server: TestServer;
  /** The relay of calls that are anchored: it has ports and no packets. */
  readonly relay: TestRelay;
  readonly #options: CallHarnessOptions;
  readonly #domain: string;
  readonly #address: string;
  readonly #publicAddress: string;
  #outsiders = 0;

  private constructor(options: CallHarnessOptions) {
    this.#options = options;
    this.#domain = options.domain ?? 'example.com';
    this.#address = options.address ?? '10.0.0.34';
    this.#publicAddress = options.publicAddress ?? '99.88.44.33';
    const listener: Listener = {
      name: listenerName('udp', this.#address, PORT),
      transport: 'udp',
      address: this.#address,
      port: PORT,
      family: 4,
      advertised: options.as ?? { host: this.#publicAddress },
    };
    const { clock } = this;
    this.relay = new TestRelay({ address: this.#address });
    const key = Buffer.alloc(32, 7);
    const settings = { domains: [this.#domain], ...options.advertise };
    this.server = new TestServer({
      host: this.network.host('server', {
        address: this.#address,
        publicAddress: this.#publicAddress,
        network: CLOUD,
      }),
      clock,
      advertise: new Advertise({ settings, listeners: [listener], key, clock }),
      subscribers: subscribers(options.users ?? {}, this.#domain),
      key,
      realm: this.#domain,
      program: programOf(options.routes),
      names: options.names ?? {},
      relays: { own: this.relay, ...options.relays },
      anchor: options.anchor ?? 'always',
      frontDoor: { ...DEFAULT_FRONT_DOOR, ...options.frontDoor },
      ...(options.answerTimeoutMs === undefined ? {} : { answerTimeoutMs: options.answerTimeoutMs }),
    });
  }

  static start(options: CallHarnessOptions): CallHarness {
    return new CallHarness(options);
  }

  /** A user agent beside the server or on the Internet, by its address; it sends to the server's address as seen there. */
  peer(user: string, options: HarnessPeerOptions = {}): SipPeer {
    const address = options.address ?? `203.0.113.${++this.#outsiders}`;
    const inside = address.startsWith('10.');
    const host = this.network.host(user, { address, network: inside ? CLOUD : 'internet' });
    const password = options.password ?? this.#options.users?.[user];
    const settings: SipPeerOptions = {
      host,
      user,
      domain: this.#domain,
      server: { address: inside ? this.#address : this.#publicAddress, port: PORT },
      ...(password === undefined ? {} : { password }),
      ...(options.port === undefined ? {} : { port: options.port }),
    };
    return new SipPeer(settings);
  }

  /** Lets time pass, and everything happen that falls due. */
  advance(ms: number): Promise<void> {
    return this.clock.advanceAsync(ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

function subscribers(users: Readonly<Record<string, string>>, realm: string): SubscriberStore {
  const known = new Map<string, Subscriber>();
  for (const [name, password] of Object.entries(users)) {
    const [user, secret] = [toByteString(name), toByteString(password)];
    const ha1 = Object.fromEntries(
      DIGEST_ALGORITHMS.map((algorithm) => [algorithm, computeHa1(algorithm, user, realm, secret)]),
    ) as Subscriber['ha1'];
    known.set(user, { user, realm, ha1 });
  }
  return { find: (user, wanted) => (wanted === realm ? known.get(user) : undefined) };
}
