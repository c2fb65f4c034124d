import { Cidr, canonicalHost, LOOPBACK_NETWORKS } from '../base/ip.ts';
import type { Listener } from '../net/listener.ts';
import { defaultPort, type TransportName } from '../net/transport-name.ts';
import { type Alias, aliasMatches } from './alias.ts';
import type { AdvertisePolicy } from './policy.ts';
import type { RememberedAddresses } from './remembered.ts';
import type { RouteTags } from './route-tag.ts';

export interface OwnQuestion {
  /** IP address or name; IPv6 with or without brackets. */
  readonly host: string;
  /** Undefined or 0 asks for any port. */
  readonly port?: number | undefined;
  /** Undefined asks for any transport. */
  readonly transport?: TransportName | undefined;
  /** The value of the URI's {@link ROUTE_TAG_PARAM}. */
  readonly tag?: string | undefined;
}

/** What a Route, a Record-Route or a request's target says about where it leads. */
export interface RouteUri {
  readonly host: string;
  readonly port?: number | undefined;
  /** The `transport` parameter; undefined where there is none, or it names none that is known. */
  readonly transport?: TransportName | undefined;
  /** Stands in for the host where it is given. */
  readonly maddr?: string | undefined;
  /** The scheme is `sips`. */
  readonly secure?: boolean | undefined;
  readonly tag?: string | undefined;
}

/** The layer that recognised an address. */
export type OwnHow = 'tag' | 'listener' | 'advertised' | 'alias' | 'remembered' | 'domain';

export type OwnAnswer =
  | { readonly own: false; readonly listener?: undefined; readonly how?: undefined }
  | {
      readonly own: true;
      readonly how: OwnHow;
      /** The socket that printed it; undefined for aliases and domains, and where that socket is gone. */
      readonly listener?: Listener | undefined;
    };

export interface OwnSettings {
  readonly policy: AdvertisePolicy;
  readonly listeners: readonly Listener[];
  readonly tags: RouteTags;
  readonly remembered: RememberedAddresses;
  readonly aliases: readonly Alias[];
  readonly domains: readonly string[];
  /** Each says whether a host, in its canonical form, is a domain that is kept here besides. */
  readonly moreDomains?: Iterable<(host: string) => boolean>;
}

interface Entry {
  readonly port: number;
  readonly listener: Listener;
  readonly answer: OwnAnswer;
}

const FOREIGN: OwnAnswer = Object.freeze({ own: false });
const BY_TAG: OwnAnswer = Object.freeze({ own: true, how: 'tag' });
const BY_ALIAS: OwnAnswer = Object.freeze({ own: true, how: 'alias' });
const BY_DOMAIN: OwnAnswer = Object.freeze({ own: true, how: 'domain' });
const LOOPBACK = LOOPBACK_NETWORKS.map((text) => Cidr.parse(text)!);

/** Says whether an address is this server, and which of its sockets: everything that was printed is own. */
export class OwnAddresses {
  readonly #listeners: readonly Listener[];
  readonly #tags: RouteTags;
  readonly #remembered: RememberedAddresses;
  readonly #aliases: readonly Alias[];
  readonly #domains: ReadonlySet<string>;
  readonly #moreDomains: Iterable<(host: string) => boolean>;
  readonly #byHost = new Map<string, Entry[]>();
  readonly #tagAnswers = new Map<Listener, OwnAnswer>();
  readonly #ports: ReadonlySet<number>;
  /** OpenSIPS recognises neither tags, nor per-message addresses, nor `advertised_port`. */
  readonly #asOpensips: boolean;

  constructor(settings: OwnSettings) {
    this.#listeners = settings.listeners;
    this.#tags = settings.tags;
    this.#remembered = settings.remembered;
    this.#aliases = settings.aliases;
    this.#domains = new Set(settings.domains.map(canonicalHost));
    this.#moreDomains = settings.moreDomains ?? [];
    this.#asOpensips = settings.policy.order === 'opensips';
    for (const listener of settings.listeners) {
      this.#add(listener.address, listener.port, listener, 'listener');
      if (this.#asOpensips) {
        this.#addAsOpensips(listener, settings.policy);
      } else if (LOOPBACK.some((network) => network.contains(listener.address))) {
        this.#add('localhost', listener.port, listener, 'listener');
      }
    }
    // After all bound ones: where an address is bound by one listener and printed by another, the bound one is meant.
    if (!this.#asOpensips) {
      for (const listener of settings.listeners) {
        for (const address of settings.policy.reachable(listener)) {
          this.#add(address.host, address.port, listener, 'advertised');
        }
      }
    }
    this.#ports = new Set([...this.#byHost.values()].flat().map((entry) => entry.port));
  }

  /**
   * Whether this is the server itself. Layers in their order: tag, listeners and what they advertise, aliases, remembered
   * addresses, local domains.
   */
  recognise({ host, port, transport, tag }: OwnQuestion): OwnAnswer {
    return this.recogniseParts(host, port, transport, tag);
  }

  /** As {@link recognise}, for the way of a message: nothing is made for the question. */
  recogniseParts(
    host: string,
    port: number | undefined,
    transport: TransportName | undefined,
    tag: string | undefined,
  ): OwnAnswer {
    if (tag !== undefined && !this.#asOpensips) {
      const found = this.#tags.listenerOf(tag);
      if (found === 'retired') return BY_TAG;
      if (found !== undefined) return this.#byTag(found);
    }
    return this.#byAddress(canonicalHost(host), port || undefined, transport);
  }

  /**
   * The check of loose routing: a URI without a port means the default one, a URI without a transport UDP (TLS for
   * `sips`, RFC 3263 §4.1). Where nothing of ours speaks UDP there, the socket that is there is meant all the same, but
   * none for `sips` that is not secure; the order of OpenSIPS is strict about it.
   */
  recogniseRoute({ host, port, transport, maddr, secure = false, tag }: RouteUri): OwnAnswer {
    return this.recogniseRouteParts(maddr ?? host, port, transport, secure, tag);
  }

  /** As {@link recogniseRoute}, for the way of a message; the host is the maddr where there is one. */
  recogniseRouteParts(
    host: string,
    givenPort: number | undefined,
    given: TransportName | undefined,
    secure: boolean,
    tag: string | undefined,
  ): OwnAnswer {
    const transport = secure ? secured(given) : (given ?? 'udp');
    const port = givenPort || defaultPort(transport);
    const exact = this.recogniseParts(host, port, transport, tag);
    if (exact.own || secure || given !== undefined || this.#asOpensips) return exact;
    return this.recogniseParts(host, port, undefined, undefined);
  }

  /** Whether addresses of record of this domain are kept here: a configured domain, an alias, or an own host. */
  isLocalDomain(host: string): boolean {
    return this.#byAddress(canonicalHost(host), undefined, undefined).own;
  }

  /** Remembers all that the listeners are bound to and advertise now, before their settings change. */
  rememberAll(): void {
    for (const [host, entries] of this.#byHost) {
      for (const { port, listener } of entries) this.#remembered.remember({ host, port }, listener);
    }
  }

  #byAddress(host: string, port: number | undefined, transport: TransportName | undefined): OwnAnswer {
    const entries = this.#byHost.get(host);
    if (entries !== undefined) {
      for (const it of entries) {
        const { listener, answer } = it;
        if (port !== undefined && it.port !== port) continue;
        if (transport === undefined || sameTransport(listener.transport, transport)) return answer;
      }
    }
    for (const alias of this.#aliases) if (aliasMatches(alias, host, port, transport)) return BY_ALIAS;
    if (!this.#asOpensips) {
      const remembered = this.#remembered.find(host, port, transport);
      if (remembered !== undefined) {
        const listener = this.#listeners.find((it) => it.name === remembered.listener);
        return { own: true, how: 'remembered', listener };
      }
    }
    return this.#isDomain(host) && this.#isUsual(port, transport) ? BY_DOMAIN : FOREIGN;
  }

  /** One answer for each listener, as long as it is there. */
  #byTag(listener: Listener): OwnAnswer {
    let answer = this.#tagAnswers.get(listener);
    if (answer === undefined) {
      answer = Object.freeze({ own: true, how: 'tag', listener });
      this.#tagAnswers.set(listener, answer);
    }
    return answer;
  }

  #isDomain(host: string): boolean {
    if (this.#domains.has(host)) return true;
    for (const isOurs of this.#moreDomains) if (isOurs(host)) return true;
    return false;
  }

  /** A domain may have other servers on ports that this one never used. */
  #isUsual(port: number | undefined, transport: TransportName | undefined): boolean {
    return port === undefined || this.#ports.has(port) || port === defaultPort(transport ?? 'udp');
  }

  /** Both hosts with both ports; the global host only for a listener without its own `as`, its port never. */
  #addAsOpensips(listener: Listener, policy: AdvertisePolicy): void {
    const as = listener.advertised;
    const hosts = [listener.address, as === undefined ? policy.global?.host : as.host];
    for (const host of hosts) {
      if (host === undefined) continue;
      for (const port of [listener.port, as?.port ?? listener.port]) {
        this.#add(host, port, listener, host === listener.address ? 'listener' : 'advertised');
      }
    }
  }

  #add(host: string, port: number, listener: Listener, how: OwnHow): void {
    const key = canonicalHost(host);
    const entries = this.#byHost.get(key) ?? [];
    if (entries.some((it) => it.port === port && it.listener === listener)) return;
    entries.push({ port, listener, answer: Object.freeze({ own: true, how, listener }) });
    this.#byHost.set(key, entries);
  }
}

/** RFC 7118 writes `transport=ws` for both; RFC 3261 §26.2.2 has `sips` with `transport=tcp` mean TLS. */
function secured(transport: TransportName | undefined): TransportName {
  return transport === 'ws' || transport === 'wss' ? 'wss' : 'tls';
}

function sameTransport(a: TransportName, b: TransportName): boolean {
  return a === b || (a === 'wss' && b === 'ws') || (a === 'ws' && b === 'wss');
}
