import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import { canonicalHost, type IpFamily, ipFamily } from '../base/ip.ts';
import { type Answer, after, type Eventually, LookupCache } from './lookup-cache.ts';
import type { AddressRecord, NameServer, SrvRecord } from './name-server.ts';
import type { Destination } from './network.ts';
import { orderSrv } from './srv-order.ts';
import { defaultPort, type TransportName } from './transport-name.ts';

const MAX_ENTRIES = 4096;
const MAX_PENDING = 512;
const MAX_SRV_TARGETS = 16;
const MAX_ADDRESSES = 32;
const MAX_NAME_LENGTH = 253;
const SECOND = 1000;
const MAX_TTL_MS = 3600 * SECOND;
/** For records that come without a TTL. */
const USUAL_TTL_MS = 60 * SECOND;
/** For names without an answer. */
const NEGATIVE_TTL_MS = 10 * SECOND;

/** The part of a URI that says where to send (RFC 3263 §4): its host, and what it gives beside. */
export interface ResolveTarget {
  /** A name or an IP address, brackets allowed. */
  readonly host: string;
  readonly port?: number;
  /** The `transport` parameter of the URI. */
  readonly transport?: TransportName;
  /** Whether it is a `sips:` URI. */
  readonly secure?: boolean;
}

export interface ResolvedTarget extends Destination {
  readonly family: IpFamily;
}

/** The places to try, in order; empty where there is none. At once where no look-up is needed, and never rejecting. */
export type Resolution = Eventually<readonly ResolvedTarget[]>;

export interface ResolverOptions {
  readonly nameServer: NameServer;
  readonly clock: Clock;
  readonly ids: IdSource;
}

/** Finds servers by DNS (RFC 3263 §4 without NAPTR), with a cache. */
export class Resolver {
  readonly #nameServer: NameServer;
  readonly #ids: IdSource;
  readonly #addresses: LookupCache<string>;
  readonly #services: LookupCache<SrvRecord>;

  constructor(options: ResolverOptions) {
    this.#nameServer = options.nameServer;
    this.#ids = options.ids;
    this.#addresses = new LookupCache(options.clock, MAX_ENTRIES, MAX_PENDING);
    this.#services = new LookupCache(options.clock, MAX_ENTRIES, MAX_PENDING);
  }

  resolveTarget(target: ResolveTarget): Resolution {
    const host = canonicalHost(target.host);
    const given = givenTransport(target);
    const fallback = given ?? (target.secure ? 'tls' : 'udp');
    if (ipFamily(host) !== 0) return destinations([host], fallback, target.port);
    if (host.length === 0 || host.length > MAX_NAME_LENGTH) return [];
    if (target.port !== undefined) return this.#byAddress(host, fallback, target.port);
    // NAPTR (§4.1) would choose the transport here; without it, each service is asked for in the order of preference.
    const transports: readonly TransportName[] = given ? [given] : target.secure ? ['tls'] : ['udp', 'tcp'];
    return this.#byService(host, transports, fallback);
  }

  #byService(host: string, transports: readonly TransportName[], fallback: TransportName): Resolution {
    const [transport, ...others] = transports;
    if (transport === undefined) return this.#byAddress(host, fallback, undefined);
    const service = serviceName(transport, host);
    if (service === undefined) return this.#byService(host, others, fallback);
    return after(this.#srv(service), (records) =>
      records.length === 0
        ? this.#byService(host, others, fallback)
        : this.#byRecords(orderSrv(records, this.#ids).slice(0, MAX_SRV_TARGETS), transport),
    );
  }

  /** The addresses of every SRV target, targets in order. */
  #byRecords(records: readonly SrvRecord[], transport: TransportName): Resolution {
    // "." says that the service is decidedly not offered (RFC 2782).
    const parts = records
      .filter((record) => record.target !== '' && record.target !== '.')
      .map((record) => {
        const host = canonicalHost(record.target);
        if (ipFamily(host) !== 0) return destinations([host], transport, record.port);
        return this.#byAddress(host, transport, record.port);
      });
    const all = parts.some((part) => part instanceof Promise)
      ? Promise.all(parts)
      : (parts as (readonly ResolvedTarget[])[]);
    return after(all, (lists) => lists.flat().slice(0, MAX_ADDRESSES));
  }

  #byAddress(host: string, transport: TransportName, port: number | undefined): Resolution {
    const known = this.#addresses.get(host, () => this.#askAddresses(host));
    return after(known, (addresses) => destinations(addresses, transport, port));
  }

  #srv(service: string): Eventually<readonly SrvRecord[]> {
    return this.#services.get(service, async () => {
      const records = await settled(() => this.#nameServer.srv(service));
      return { records, ttlMs: records.length > 0 ? USUAL_TTL_MS : NEGATIVE_TTL_MS };
    });
  }

  async #askAddresses(host: string): Promise<Answer<string>> {
    const [a, aaaa] = await Promise.all([
      settled(() => this.#nameServer.a(host)),
      settled(() => this.#nameServer.aaaa(host)),
    ]);
    const records: readonly AddressRecord[] = [...a, ...aaaa].slice(0, MAX_ADDRESSES);
    if (records.length > 0) {
      const ttlMs = Math.min(...records.map((record) => record.ttl * SECOND), MAX_TTL_MS);
      return { records: canonical(records.map((record) => record.address)), ttlMs: Math.max(ttlMs, SECOND) };
    }
    const system = (await settled(() => this.#nameServer.system(host))).slice(0, MAX_ADDRESSES);
    return { records: canonical(system), ttlMs: system.length > 0 ? USUAL_TTL_MS : NEGATIVE_TTL_MS };
  }
}

/** The transport that the URI demands; `sips:` puts TLS under it (RFC 3261 §26.2.2). */
function givenTransport(target: ResolveTarget): TransportName | undefined {
  if (!target.secure) return target.transport;
  if (target.transport === 'tcp') return 'tls';
  return target.transport === 'ws' ? 'wss' : target.transport;
}

/** @returns undefined for WebSocket, whose servers have no SRV records (RFC 7118 §5.5) */
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

function destinations(
  addresses: readonly string[],
  transport: TransportName,
  port: number | undefined,
): ResolvedTarget[] {
  return addresses.map((address) => ({
    transport,
    address,
    port: port ?? defaultPort(transport),
    family: ipFamily(address) as IpFamily,
  }));
}

function canonical(addresses: readonly string[]): string[] {
  return [...new Set(addresses.map(canonicalHost))];
}

/** A name server that fails is one that knows nothing: the name is tried again when the negative answer expires. */
async function settled<T>(ask: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await ask();
  } catch {
    return [];
  }
}
