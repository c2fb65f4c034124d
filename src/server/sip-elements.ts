import type { Advertise } from '../advertise/advertise.ts';
import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import { TimerWheel } from '../base/timer-wheel.ts';
import { Authenticator, type AuthenticatorOptions } from '../core/auth/authenticator.ts';
import type { SubscriberStore } from '../core/auth/subscriber-store.ts';
import { FrontDoor, type FrontDoorSettings } from '../core/front-door/front-door.ts';
import { isBehindNat } from '../core/nat/nat-test.ts';
import { Proxy as SipProxy } from '../core/proxy/proxy.ts';
import type { ProxySettings } from '../core/proxy/proxy-environment.ts';
import type { LocationStore } from '../core/registrar/location-store.ts';
import { Registrar } from '../core/registrar/registrar.ts';
import type { RegistrarLimits } from '../core/registrar/update-bindings.ts';
import type { Flow } from '../net/flow.ts';
import type { Network, NetworkSink } from '../net/network.ts';
import type { Resolver } from '../net/resolver.ts';
import type { Subnets } from '../net/select-listener.ts';
import type { Program } from '../script/program.ts';
import { Runtime } from '../script/runtime.ts';
import type { TransactionTimers } from '../transaction/timers.ts';
import { TransactionLayer, type TransactionLimits } from '../transaction/transaction-layer.ts';

export interface SipElementsOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly advertise: Advertise;
  readonly resolver: Resolver;
  readonly subnets: Subnets;
  readonly location: LocationStore;
  readonly subscribers: SubscriberStore;
  /** 32 random bytes that outlive the process. */
  readonly key: Buffer;
  /** Different in every run of the server. */
  readonly bootId: string;
  /** The realm of challenges, and the domain under which addresses of this server itself are filed. */
  readonly realm: string;
  readonly program: Program;
  readonly timers: TransactionTimers;
  readonly limits: TransactionLimits;
  readonly proxy: ProxySettings;
  readonly frontDoor: FrontDoorSettings;
  readonly registrar?: Partial<RegistrarLimits>;
  readonly auth?: Pick<AuthenticatorOptions, 'algorithms' | 'nonceLifetimeMs'>;
  readonly answerTimeoutMs?: number;
}

/** The SIP elements of a server, wired together over any network: real sockets, or those of a test. */
export class SipElements implements NetworkSink, AsyncDisposable {
  readonly wheel: TimerWheel;
  readonly layer: TransactionLayer;
  readonly registrar: Registrar;
  readonly authenticator: Authenticator;
  readonly frontDoor: FrontDoor;
  readonly runtime: Runtime;
  readonly #options: SipElementsOptions;
  #network: Network | undefined;
  #proxy: SipProxy | undefined;

  constructor(options: SipElementsOptions) {
    const { clock, ids, advertise, key, realm, program } = options;
    this.#options = options;
    this.wheel = new TimerWheel(clock);
    this.registrar = new Registrar({
      store: options.location,
      clock,
      bootId: options.bootId,
      ...(options.registrar ? { limits: options.registrar } : {}),
    });
    this.authenticator = new Authenticator({
      subscribers: options.subscribers,
      key,
      clock,
      ids,
      ...options.auth,
    });
    this.frontDoor = new FrontDoor({ clock, advertise, settings: options.frontDoor });
    this.runtime = new Runtime({
      advertise,
      registrar: this.registrar,
      authenticator: this.authenticator,
      realm,
      wheel: this.wheel,
      frontDoor: this.frontDoor,
      program,
      layer: () => this.layer,
      proxy: () => this.proxy,
      ...(options.answerTimeoutMs === undefined ? {} : { answerTimeoutMs: options.answerTimeoutMs }),
    });
    this.layer = new TransactionLayer({
      network: () => this.#network!,
      clock,
      wheel: this.wheel,
      ids,
      timers: options.timers,
      user: this.runtime,
      limits: options.limits,
      forceRport: isBehindNat,
    });
  }

  get proxy(): SipProxy {
    return this.#proxy!;
  }

  /** Begins to handle messages. What comes before, while listeners open one by one, is dropped: clients send again. */
  start(network: Network): void {
    const { advertise, resolver, subnets, proxy, key, bootId } = this.#options;
    this.#network = network;
    this.#proxy = new SipProxy({
      layer: this.layer,
      network,
      advertise,
      resolver,
      wheel: this.wheel,
      subnets,
      settings: proxy,
      // Not the key alone, which other nodes share: what they forwarded has not looped.
      loopSalt: `${bootId}:${key.toString('base64url')}`,
    });
  }

  message(bytes: Buffer, flow: Flow): void {
    if (this.#network) this.layer.message(bytes, flow);
  }

  flowFailed(flow: Flow, reason: string): void {
    if (this.#network) this.layer.flowFailed(flow, reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.layer[Symbol.asyncDispose]();
    await this.registrar[Symbol.asyncDispose]();
    this.wheel.close();
  }
}
