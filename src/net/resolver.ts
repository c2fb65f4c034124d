import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import { canonicalHost, type IpFamily, ipFamily } from '../base/ip.ts';
import {
  after,
  type CacheSettings,
  DEFAULT_DNS_CACHE,
  type Eventually,
  type Found,
  LookupCache,
} from './lookup-cache.ts';
import type { NameServer, NaptrRecord, SrvRecord } from './name-server.ts';
import type { Destination } from './network.ts';
import { orderSrv, SeededDraws } from './srv-order.ts';
import { defaultPort, isSecure, type TransportName } from './transport-name.ts';
import { EVERY_WAY, hasWay, speaks, type Ways } from './ways.ts';

const MAX_NAPTR_RECORDS = 16;
const MAX_SRV_TARGETS = 16;
const MAX_ADDRESSES_OF_HOST = 16;
const MAX_ADDRESSES = 32;
const MAX_NAME_LENGTH = 253;

/** The part of a URI that says where to send (RFC 3263 §4): its host, and what it gives beside. */
export interface ResolveTarget {
  /** A name or an IP address, brackets allowed. */
  readonly host: string;
  readonly port?: number | undefined;
  /** The `transport` parameter of the URI. */
  readonly transport?: TransportName | undefined;
  /** Whether it is a `sips:` URI. */
  readonly secure?: boolean;
  /** How this server can send; places that no way leads to are left out. Any way unless given. */
  readonly ways?: Ways;
  /** Targets with the same seed are resolved to the same order of equal servers; at random unless given. */
  readonly seed?: string | undefined;
}

export interface ResolvedTarget extends Destination {
  readonly family: IpFamily;
  /** What named it: `numeric`, `hosts`, `A example.com`, `SRV _sip._udp.example.com`. */
  readonly by: string;
  /** When the first of the records lapses that led to it, on the resolver's clock. */
  readonly expires: number;
}

/** The places to try, in order; empty where there is none. At once where no look-up is needed, and never rejecting. */
export type Resolution = Eventually<readonly ResolvedTarget[]>;

export interface ResolverOptions {
  readonly nameServer: NameServer;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly cache?: Partial<CacheSettings>;
}

/** A {@link ResolveTarget} while it is looked for. */
interface Search {
  readonly host: string;
  readonly port: number | undefined;
  readonly ways: Ways;
  readonly secure: boolean;
  readonly seed: string | undefined;
  /** Most wanted first; one alone where the URI demands it. Never empty. */
  readonly transports: readonly TransportName[];
  readonly demanded: boolean;
}

const NOWHERE: readonly ResolvedTarget[] = [];
const NEVER = Number.POSITIVE_INFINITY;
const PLAIN: readonly TransportName[] = ['udp', 'tcp'];
const UDP: readonly TransportName[] = ['udp'];
const TCP: readonly TransportName[] = ['tcp'];
const SECURE: readonly TransportName[] = ['tls'];

/** Finds servers by name (RFC 3263 §4, RFC 7118 §10.2), with a cache. */
export class Resolver {
  readonly #nameServer: NameServer;
  readonly #ids: IdSource;
  readonly #pointers: LookupCache<NaptrRecord>;
  readonly #services: LookupCache<SrvRecord>;
  readonly #four: LookupCache<string>;
  readonly #six: LookupCache<string>;
  readonly #system: LookupCache<string>;

  constructor(options: ResolverOptions) {
    const { nameServer, clock } = options;
    const settings = { ...DEFAULT_DNS_CACHE, ...options.cache };
    this.#nameServer = nameServer;
    this.#ids = options.ids;
    this.#pointers = new LookupCache(clock, settings, (host) => nameServer.naptr(host));
    this.#services = new LookupCache(clock, settings, (name) => nameServer.srv(name));
    this.#four = new LookupCache(clock, settings, (host) => nameServer.a(host));
    this.#six = new LookupCache(clock, settings, (host) => nameServer.aaaa(host));
    this.#system = new LookupCache(clock, settings, (host) => nameServer.system(host));
  }

  /** Look-ups since the start, of all record types together. */
  get counters(): Readonly<Record<string, number>> {
    const sum = { looked: 0, failed: 0, stale: 0, refused: 0 };
    for (const { counters } of this.#caches) {
      sum.looked += counters.looked;
      sum.failed += counters.failed;
      sum.stale += counters.stale;
      sum.refused += counters.refused;
    }
    return sum;
  }

  /** Forgets every name. */
  clear(): void {
    for (const cache of this.#caches) cache.clear();
  }

  resolveTarget(target: ResolveTarget): Resolution {
    const { port, seed, ways = EVERY_WAY, secure = false } = target;
    const host = canonicalHost(target.host);
    const transports = wantedTransports(target.transport, secure, ways);
    if (transports.length === 0) return NOWHERE;
    const family = ipFamily(host);
    if (family !== 0) return numeric(host, family, transports[0]!, port, ways);
    if (host.length === 0 || host.length > MAX_NAME_LENGTH) return NOWHERE;
    const demanded = target.transport !== undefined;
    const search: Search = { host, port, ways, secure, seed, transports, demanded };
    const local = this.#nameServer.local(host);
    if (local.length > 0) return destinations(local, transports[0]!, port, search, 'hosts', NEVER);
    if (port !== undefined) return this.#byAddress(host, transports[0]!, port, search, '', NEVER);
    if (demanded) return this.#byServices(search);
    const pointers = this.#pointers.get(host);
    // Not one after the other: where name servers are slow, or do not know NAPTR, the caller waits but once.
    if (pointers instanceof Promise) this.#prefetch(search);
    return after(pointers, (found) => this.#byPointers(found, search));
  }

  /** NAPTR (§4.1): of the services that can be reached those of the lowest order, the preferred ones first. */
  #byPointers(found: Found<NaptrRecord>, search: Search): Resolution {
    const usable = found.records.slice(0, MAX_NAPTR_RECORDS).filter((record) => isUsable(record, search));
    if (usable.length === 0) return this.#byServices(search);
    const best = Math.min(...usable.map((record) => record.order));
    const pointers = usable
      .filter((record) => record.order === best)
      .sort((a, b) => a.preference - b.preference);
    const parts = pointers.map((record) => {
      const transport = serviceTransport(record.service)!;
      const name = canonicalHost(record.replacement);
      return after(this.#services.get(name), (services) =>
        this.#byRecords(name, services, transport, search, found.expires),
      );
    });
    return after(joined(parts), (places) => (places.length > 0 ? places : this.#byServices(search)));
  }

  /** SRV (§4.2) of each transport in turn, and where there is none, the addresses of the host itself. */
  #byServices(search: Search, at = 0, offered = false): Resolution {
    const transport = search.transports[at];
    if (transport === undefined) {
      // Somebody who has SRV records means them, even where they say that nothing is offered.
      if (offered) return NOWHERE;
      return this.#byAddress(search.host, search.transports[0]!, undefined, search, '', NEVER);
    }
    const name = serviceName(transport, search.host);
    if (name === undefined) return this.#byServices(search, at + 1, offered);
    return after(this.#services.get(name), (services) =>
      after(this.#byRecords(name, services, transport, search, NEVER), (places) =>
        places.length > 0 ? places : this.#byServices(search, at + 1, offered || services.records.length > 0),
      ),
    );
  }

  /** The addresses of every SRV target, targets in order. */
  #byRecords(
    name: string,
    services: Found<SrvRecord>,
    transport: TransportName,
    search: Search,
    expires: number,
  ): Resolution {
    if (services.records.length === 0) return NOWHERE;
    const { seed } = search;
    const until = Math.min(services.expires, expires);
    const draws = seed === undefined || services.records.length < 2 ? this.#ids : new SeededDraws(seed);
    const parts = orderSrv(services.records, draws)
      .filter(({ target, port }) => target !== '' && target !== '.' && port > 0)
      .slice(0, MAX_SRV_TARGETS)
      .map(({ target, port }) => {
        const host = canonicalHost(target);
        const by = `SRV ${name}`;
        if (ipFamily(host) !== 0) return destinations([host], transport, port, search, by, until);
        return this.#byAddress(host, transport, port, search, by, until);
      });
    return joined(parts);
  }

  #byAddress(
    host: string,
    transport: TransportName,
    port: number | undefined,
    search: Search,
    by: string,
    expires: number,
  ): Resolution {
    const { ways } = search;
    const four = hasWay(ways, transport, 4) ? this.#four.get(host) : undefined;
    const six = hasWay(ways, transport, 6) ? this.#six.get(host) : undefined;
    const both: Eventually<readonly (Found<string> | undefined)[]> =
      four instanceof Promise || six instanceof Promise ? Promise.all([four, six]) : [four, six];
    return after(both, ([a, aaaa]) => {
      const places: ResolvedTarget[] = [];
      for (const found of [a, aaaa]) {
        if (!found || found.records.length === 0) continue;
        const until = Math.min(found.expires, expires);
        const addresses = found.records.slice(0, MAX_ADDRESSES_OF_HOST);
        const source = by || `${found === a ? 'A' : 'AAAA'} ${host}`;
        places.push(...destinations(addresses, transport, port, search, source, until));
      }
      // Where no name server answers, the system would ask the same ones.
      if (places.length > 0 || a?.failed || aaaa?.failed) return places;
      return after(this.#system.get(host), (found) =>
        destinations(found.records, transport, port, search, by || `system ${host}`, found.expires),
      );
    });
  }

  #prefetch({ host, transports }: Search): void {
    for (const transport of transports) {
      const name = serviceName(transport, host);
      if (name !== undefined) this.#services.get(name);
    }
  }

  get #caches(): readonly LookupCache<unknown>[] {
    return [this.#pointers, this.#services, this.#four, this.#six, this.#system];
  }
}

/** The transports that the URI leaves to choose from; `sips:` puts TLS under what it demands (RFC 3261 §26.2.2). */
function wantedTransports(
  given: TransportName | undefined,
  secure: boolean,
  ways: Ways,
): readonly TransportName[] {
  if (given === undefined) {
    if (secure) return speaks(ways, 'tls') ? SECURE : [];
    if (speaks(ways, 'udp')) return speaks(ways, 'tcp') ? PLAIN : UDP;
    return speaks(ways, 'tcp') ? TCP : [];
  }
  let demanded = given;
  if (secure && !isSecure(given)) {
    // There is no TLS over datagrams.
    if (given === 'udp') return [];
    demanded = given === 'tcp' ? 'tls' : 'wss';
  }
  return speaks(ways, demanded) ? [demanded] : [];
}

/** RFC 3263 §4.1: only services that this side speaks, for `sips:` only secure ones, and only those that lead to SRV. */
function isUsable(record: NaptrRecord, { ways, secure }: Search): boolean {
  const transport = serviceTransport(record.service);
  if (transport === undefined || !speaks(ways, transport) || (secure && !isSecure(transport))) return false;
  const leads = record.replacement !== '' && record.replacement !== '.' && record.regexp === '';
  return leads && record.flags.toLowerCase() === 's';
}

/** RFC 3263 §4.1, RFC 7118 §10.2. */
function serviceTransport(service: string): TransportName | undefined {
  switch (service.toUpperCase()) {
    case 'SIP+D2U':
      return 'udp';
    case 'SIP+D2T':
      return 'tcp';
    case 'SIPS+D2T':
      return 'tls';
    case 'SIP+D2W':
      return 'ws';
    case 'SIPS+D2W':
      return 'wss';
    default:
      return undefined;
  }
}

/** @returns undefined for WebSocket, whose servers have no SRV records unless NAPTR names them */
function serviceName(transport: TransportName, host: string): string | undefined {
  switch (transport) {
    case 'udp':
      return `_sip._udp.${host}`;
    case 'tcp':
      return `_sip._tcp.${host}`;
    case 'tls':
      return `_sips._tcp.${host}`;
    default:
      return undefined;
  }
}

/** Whom nobody has named has no domain to prove. */
function numeric(
  address: string,
  family: IpFamily,
  transport: TransportName,
  port: number | undefined,
  ways: Ways,
): readonly ResolvedTarget[] {
  if (!hasWay(ways, transport, family)) return NOWHERE;
  const domain = undefined;
  return [
    {
      transport,
      address,
      port: port ?? defaultPort(transport),
      domain,
      family,
      by: 'numeric',
      expires: NEVER,
    },
  ];
}

function destinations(
  addresses: readonly string[],
  transport: TransportName,
  port: number | undefined,
  { host, ways }: Search,
  by: string,
  expires: number,
): readonly ResolvedTarget[] {
  const places: ResolvedTarget[] = [];
  for (const address of addresses) {
    const family = ipFamily(address);
    if (family === 0 || !hasWay(ways, transport, family)) continue;
    places.push({
      transport,
      address,
      port: port ?? defaultPort(transport),
      domain: host,
      family,
      by,
      expires,
    });
  }
  return places;
}

/** All of them in one list, each place once, and not without end. */
function joined(parts: readonly Resolution[]): Resolution {
  if (parts.some((part) => part instanceof Promise)) return Promise.all(parts).then(flattened);
  return flattened(parts as readonly (readonly ResolvedTarget[])[]);
}

function flattened(lists: readonly (readonly ResolvedTarget[])[]): readonly ResolvedTarget[] {
  if (lists.length === 1) return lists[0]!;
  const places: ResolvedTarget[] = [];
  for (const place of lists.flat()) {
    if (places.length === MAX_ADDRESSES) break;
    const { transport, address, port } = place;
    const known = places.some(
      (it) => it.address === address && it.port === port && it.transport === transport,
    );
    if (!known) places.push(place);
  }
  return places;
}
