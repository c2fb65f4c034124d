import { KeepAlive, type OptionsSender, type Ping } from '../../../../core/nat/keepalive.ts';
import type { Binding } from '../../../../core/registrar/location-store.ts';
import type { Listener } from '../../../../net/listener.ts';
import { isReliable } from '../../../../net/transport-name.ts';
import type { ModuleContext } from '../../runtime/module-context.ts';
import type { UsrlocState } from '../usrloc/commands.ts';
import { contactParams } from '../usrloc/contact-answer.ts';
import type { LocationDomain } from '../usrloc/location-domain.ts';

export interface PingSettings {
  readonly intervalMs: number;
  readonly nattedOnly: boolean;
  /** Connections are pinged too. */
  readonly connections: boolean;
  /** The flag of contacts that get a request instead of four zero bytes; undefined: none does. */
  readonly requestFlag: string | undefined;
  /** The flag of contacts that are removed when they do not answer. */
  readonly removeFlag: string | undefined;
  /** The flag of contacts whose answers are timed. */
  readonly latencyFlag: string | undefined;
  /** From of requests; undefined: requests are not sent. */
  readonly from: string | undefined;
  readonly method: string;
  /** Answers with these codes count as none. */
  readonly ignored: ReadonlySet<number>;
  /** What has no answer by then is lost. */
  readonly thresholdMs: number;
  readonly maxLost: number;
  /** The socket for contacts whose own is not known. */
  readonly socket: Listener | undefined;
}

const MOST_PENDING = 10_000;

/** Pings the contacts of usrloc, so that NATs keep the way to them open. */
export class Pings implements OptionsSender, AsyncDisposable {
  /** `nathelper:enable_ping` */
  enabled = true;
  readonly #settings: PingSettings;
  readonly #context: ModuleContext;
  readonly #usrloc: () => UsrlocState | undefined;
  readonly #keepAlive: KeepAlive;

  /** @param usrloc its state, once it has started */
  constructor(settings: PingSettings, context: ModuleContext, usrloc: () => UsrlocState | undefined) {
    this.#settings = settings;
    this.#context = context;
    this.#usrloc = usrloc;
    const { clock, environment } = context.services;
    this.#keepAlive = new KeepAlive({
      location: { all: () => this.#all(), count: () => this.#count() },
      registrar: { drop: (binding) => this.#domainOf(binding)?.registrar.drop(binding) ?? 0 },
      network: environment.network,
      sender: this,
      clock,
      bootId: (binding) => this.#isOurs(binding),
      settings: {
        intervalMs: settings.intervalMs,
        maxLost: settings.maxLost,
        maxPending: MOST_PENDING,
      },
      choose: (binding) => this.#choose(binding),
      removes: (binding) => has(binding, settings.removeFlag),
    });
  }

  async sendOptions(binding: Binding): Promise<boolean> {
    const { from, method, ignored, thresholdMs, socket } = this.#settings;
    const { clock, client, environment } = this.#context.services;
    const known = environment.network.listeners.some(({ name }) => name === binding.listener);
    const listener = known ? binding.listener : socket?.name;
    const begun = clock.now();
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = clock.setTimer(thresholdMs, () => resolve(undefined));
    const answer = client.request({
      method,
      requestUri: binding.contact,
      route: binding.path,
      ...(from !== undefined && { from }),
      ...(binding.path.length === 0 && { source: binding.received }),
      connectionId: this.#isOurs(binding) ? binding.connectionId : 0,
      ...(listener !== undefined && { listener }),
    });
    const outcome = await Promise.race([answer, late]);
    timer.cancel();
    const { response } = outcome ?? {};
    if (response === undefined || ignored.has(response.status)) return false;
    if (has(binding, this.#settings.latencyFlag)) this.#measured(binding, (clock.now() - begun) * 1000);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keepAlive[Symbol.asyncDispose]();
  }

  #choose(binding: Binding): Ping {
    const { nattedOnly, connections, requestFlag, from } = this.#settings;
    if (!this.enabled) return 'none';
    if (nattedOnly && !has(binding, this.#usrloc()?.location.settings.natFlag)) return 'none';
    const reliable = isReliable(binding.received.transport);
    if (reliable && !connections) return 'none';
    if (from !== undefined && has(binding, requestFlag)) return 'options';
    // Nothing but a request passes the proxy that such a contact is behind.
    if (binding.path.length > 0) return 'none';
    return reliable ? 'crlf' : 'zeros';
  }

  #domains(): readonly LocationDomain[] {
    return [...(this.#usrloc()?.location.domains ?? [])];
  }

  #domainOf({ aor }: Binding): LocationDomain | undefined {
    return this.#domains().find((domain) => domain.aorOf(aor) !== undefined);
  }

  #isOurs(binding: Binding): boolean {
    return binding.bootId === this.#domainOf(binding)?.registrar.bootId;
  }

  /** Domains may share one store. */
  #stores() {
    return new Set(this.#domains().map(({ store }) => store));
  }

  async *#all(): AsyncGenerator<Binding> {
    for (const store of this.#stores()) yield* store.all();
  }

  async #count(): Promise<number> {
    let count = 0;
    for (const store of this.#stores()) count += await store.count();
    return count;
  }

  #measured(binding: Binding, latencyUs: number): void {
    const { location } = this.#usrloc() ?? {};
    const domain = this.#domainOf(binding);
    const aor = domain?.aorOf(binding.aor);
    if (location === undefined || domain === undefined || aor === undefined) return;
    const before = location.measured(binding, latencyUs);
    const { latencyEventUs, latencyDeltaUs } = location.settings;
    if (latencyUs < latencyEventUs || Math.abs(latencyUs - before) < latencyDeltaUs) return;
    const { listeners } = this.#context.services.environment.network;
    this.#context.raise('E_UL_LATENCY_UPDATE', contactParams(domain, aor, binding, { location, listeners }));
  }
}

function has({ notes }: Binding, flag: string | undefined): boolean {
  return flag !== undefined && (notes?.flags.includes(flag) ?? false);
}
