import type { Clock } from '../base/clock.ts';
import type { Cidr } from '../base/ip.ts';
import type { AddressParts, Listener } from '../net/listener.ts';
import type { AdvertisedAddress } from './advertised-address.ts';
import type { Alias } from './alias.ts';
import { type DestinationRule, type Interfaces, Networks } from './networks.ts';
import { OwnAddresses } from './own-addresses.ts';
import { AdvertisePolicy, type PrintQuestion } from './policy.ts';
import type { Order } from './precedence.ts';
import { type RememberedAddress, RememberedAddresses } from './remembered.ts';
import { RouteTags } from './route-tag.ts';

/** All that can be configured about printed and own addresses; plain data. */
export interface AdvertiseSettings {
  /** What is printed to whoever no other level speaks for. */
  readonly global?: AddressParts | undefined;
  /** Networks that see bound addresses; undefined for the default, an empty list for none. */
  readonly inside?: readonly Cidr[] | undefined;
  readonly rules?: readonly DestinationRule[] | undefined;
  readonly aliases?: readonly Alias[] | undefined;
  /** Domains whose addresses of record are kept here. */
  readonly domains?: readonly string[] | undefined;
  /** `opensips` reproduces its two orders, and what it does not recognise as own. Default `viaduct`. */
  readonly compatibility?: Order | undefined;
}

export interface AdvertiseOptions {
  readonly settings: AdvertiseSettings;
  readonly listeners: readonly Listener[];
  /** 16 bytes or more; the same on all nodes and after a restart, else Routes printed before are recognised by address. */
  readonly key: Buffer;
  readonly clock: Clock;
  /** `os.networkInterfaces()`. */
  readonly interfaces?: Interfaces | undefined;
  /** How long a printed address stays own after its last print, in ms; default 12 hours. */
  readonly rememberMs?: number | undefined;
  /** Hears of each printed address that is remembered, for other workers: they {@link Advertise.learn} it. */
  readonly tell?: ((address: RememberedAddress) => void) | undefined;
}

/** What must outlive the process so that open dialogs find back; plain data. */
export interface AdvertiseSnapshot {
  readonly remembered: readonly RememberedAddress[];
  readonly tags: readonly string[];
}

/** Who this server is, to each peer: what it prints, and what it recognises as its own. */
export class Advertise {
  readonly tags: RouteTags;
  readonly #remembered: RememberedAddresses;
  #interfaces: Interfaces | undefined;
  #settings: AdvertiseSettings;
  #listeners: readonly Listener[];
  #policy: AdvertisePolicy;
  #own: OwnAddresses;
  readonly #moreDomains = new Set<(host: string) => boolean>();

  /** @throws ServerError CFG_INVALID where the key is too short, SIP_BAD_FIELD where an address cannot be printed */
  constructor(options: AdvertiseOptions) {
    this.#interfaces = options.interfaces;
    this.#remembered = new RememberedAddresses(options.clock, options.rememberMs, options.tell);
    this.tags = new RouteTags(options.key, options.listeners);
    this.#settings = options.settings;
    this.#listeners = options.listeners;
    this.#policy = policyOf(options.settings, options.interfaces);
    this.#own = this.#makeOwn(this.#policy, options.settings, options.listeners);
  }

  /** Replaced by each {@link update}: take it afresh for each message. */
  get policy(): AdvertisePolicy {
    return this.#policy;
  }

  get networks(): Networks {
    return this.#policy.networks;
  }

  /** Replaced by each {@link update}: take it afresh for each message. */
  get own(): OwnAddresses {
    return this.#own;
  }

  /** Has a table say which domains are kept here besides those of the settings. @returns what ends it */
  addDomains(isOurs: (host: string) => boolean): Disposable {
    this.#moreDomains.add(isOurs);
    return { [Symbol.dispose]: () => void this.#moreDomains.delete(isOurs) };
  }

  get settings(): AdvertiseSettings {
    return this.#settings;
  }

  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  /** How many remembered addresses were dropped for want of room. */
  get overflowed(): number {
    return this.#remembered.overflowed;
  }

  /**
   * The address that a message carries to a destination, resolved once per outgoing branch. An override that is printed
   * is own from then on.
   * @throws ServerError SIP_BAD_FIELD where the override cannot be printed; `parseAddressParts` refuses such
   */
  printed(question: PrintQuestion): AdvertisedAddress {
    const address = this.#policy.printed(question);
    if (question.override !== undefined) this.#remembered.remember(address, question.listener);
    return address;
  }

  /**
   * Changes settings or listeners while the server runs; what was printed before stays own, removed tags retire.
   * @throws ServerError SIP_BAD_FIELD where an address cannot be printed; then nothing changes
   */
  update(change: {
    readonly settings?: AdvertiseSettings | undefined;
    readonly listeners?: readonly Listener[] | undefined;
    readonly interfaces?: Interfaces | undefined;
  }): void {
    const settings = change.settings ?? this.#settings;
    const listeners = change.listeners ?? this.#listeners;
    const interfaces = change.interfaces ?? this.#interfaces;
    // Made before anything is replaced: settings that cannot be printed leave the old ones in force.
    const policy = policyOf(settings, interfaces);
    const own = this.#makeOwn(policy, settings, listeners);
    this.#own.rememberAll();
    this.tags.update(listeners);
    this.#settings = settings;
    this.#listeners = listeners;
    this.#interfaces = interfaces;
    this.#policy = policy;
    this.#own = own;
  }

  /** What to store, now and then and at the end: what is printed today too, for the settings may change meanwhile. */
  snapshot(): AdvertiseSnapshot {
    this.#own.rememberAll();
    return { remembered: this.#remembered.snapshot(), tags: this.tags.all() };
  }

  /** Another worker has printed this address: it is own here, too. */
  learn(address: RememberedAddress): void {
    this.#remembered.restore([address]);
  }

  restore(snapshot: AdvertiseSnapshot): void {
    this.#remembered.restore(snapshot.remembered);
    this.tags.retire(snapshot.tags);
  }

  #makeOwn(
    policy: AdvertisePolicy,
    settings: AdvertiseSettings,
    listeners: readonly Listener[],
  ): OwnAddresses {
    return new OwnAddresses({
      policy,
      listeners,
      tags: this.tags,
      remembered: this.#remembered,
      aliases: settings.aliases ?? [],
      domains: settings.domains ?? [],
      moreDomains: this.#moreDomains,
    });
  }
}

function policyOf(settings: AdvertiseSettings, interfaces: Interfaces | undefined): AdvertisePolicy {
  const { global, inside, rules, compatibility } = settings;
  return new AdvertisePolicy({
    networks: new Networks({ inside, rules, interfaces }),
    global,
    order: compatibility,
  });
}
