import { lookup, Resolver as SystemResolver } from 'node:dns/promises';
import type { Answer } from 'dns-packet';
import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import { canonicalHost, ipFamily, unbracket } from '../base/ip.ts';
import { DnsClient, type DnsSettings } from './dns/dns-client.ts';
import type { ServerAddress } from './dns/dns-exchange.ts';
import type { RecordType } from './dns/dns-query.ts';
import { HostsFile } from './dns/hosts-file.ts';

/** An SRV record (RFC 2782). */
export interface SrvRecord {
  /** `.` says that the service is decidedly not offered. */
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** A NAPTR record (RFC 3403 §4.1). */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  /** As `SIP+D2U`. */
  readonly service: string;
  readonly regexp: string;
  readonly replacement: string;
}

/** What a look-up found. To find nothing is an answer; not to be answered is not. */
export type Lookup<T> =
  /** `ttl`: seconds for which it holds, nothing found included. */
  | { readonly ok: true; readonly records: readonly T[]; readonly ttl: number }
  | { readonly ok: false; readonly reason: string };

/** The look-ups of RFC 3263; names come in canonical form. None of them throws or rejects. */
export interface NameServer {
  /** IPv4 addresses. */
  a(host: string): Promise<Lookup<string>>;
  /** IPv6 addresses. */
  aaaa(host: string): Promise<Lookup<string>>;
  srv(name: string): Promise<Lookup<SrvRecord>>;
  naptr(host: string): Promise<Lookup<NaptrRecord>>;
  /** Addresses that this machine itself gives a host, before any other is asked (`/etc/hosts`); mostly none. */
  local(host: string): readonly string[];
  /** Addresses from whatever else the system asks: search domains, name service switch. */
  system(host: string): Promise<Lookup<string>>;
}

export interface DnsNameServerOptions {
  readonly clock: Clock;
  readonly ids: IdSource;
  /** `address[:port]`; those of the system's configuration unless given. */
  readonly servers?: readonly string[] | undefined;
  readonly settings?: Partial<DnsSettings>;
  readonly hostsFile?: string;
}

const REREAD_SERVERS_MS = 30_000;
/** The system's own look-up holds one of the four threads that files need too. */
const MOST_SYSTEM_LOOKUPS = 2;
const SYSTEM_TTL = 60;
const SYSTEM_DENIAL_TTL = 30;

/** The name servers of the system's configuration, or those that are given. */
export class DnsNameServer implements NameServer {
  readonly #client: DnsClient;
  readonly #hosts: HostsFile;
  #systemLookups = 0;

  constructor(options: DnsNameServerOptions) {
    const { clock, ids, settings } = options;
    const given = options.servers?.map(serverAddress).filter((server) => server !== undefined);
    this.#client = new DnsClient({
      clock,
      ids,
      servers: given && given.length > 0 ? () => given : systemServers(clock),
      ...(settings && { settings }),
    });
    this.#hosts = new HostsFile(options.hostsFile ?? '/etc/hosts', clock);
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#client.counters;
  }

  a(host: string): Promise<Lookup<string>> {
    return this.#ask(host, 'A', addressOf);
  }

  aaaa(host: string): Promise<Lookup<string>> {
    return this.#ask(host, 'AAAA', addressOf);
  }

  srv(name: string): Promise<Lookup<SrvRecord>> {
    return this.#ask(name, 'SRV', (answer) => {
      if (answer.type !== 'SRV') return undefined;
      const { target, port, priority = 0, weight = 0 } = answer.data;
      return { target, port, priority, weight };
    });
  }

  naptr(host: string): Promise<Lookup<NaptrRecord>> {
    return this.#ask(host, 'NAPTR', (answer) => {
      if (answer.type !== 'NAPTR') return undefined;
      const { services, ...data } = answer.data;
      return { ...data, service: services };
    });
  }

  local(host: string): readonly string[] {
    return this.#hosts.find(host);
  }

  async system(host: string): Promise<Lookup<string>> {
    if (this.#systemLookups >= MOST_SYSTEM_LOOKUPS) return { ok: false, reason: 'too many look-ups' };
    this.#systemLookups++;
    try {
      const entries = await lookup(host, { all: true, order: 'verbatim' });
      const records = entries.map((entry) => canonicalHost(entry.address));
      return { ok: true, records, ttl: SYSTEM_TTL };
    } catch {
      return { ok: true, records: [], ttl: SYSTEM_DENIAL_TTL };
    } finally {
      this.#systemLookups--;
    }
  }

  async #ask<T>(name: string, type: RecordType, read: (answer: Answer) => T | undefined): Promise<Lookup<T>> {
    if (!isDomainName(name)) return { ok: true, records: [], ttl: SYSTEM_DENIAL_TTL };
    const outcome = await this.#client.ask(name, type);
    if (!outcome.ok) return outcome;
    const records = outcome.records.map(read).filter((record) => record !== undefined);
    return { ok: true, records, ttl: outcome.ttl };
  }
}

function addressOf(answer: Answer): string | undefined {
  if (answer.type !== 'A' && answer.type !== 'AAAA') return undefined;
  const address = canonicalHost(answer.data);
  // The end of an answer may be missing.
  return ipFamily(address) === 0 ? undefined : address;
}

/** Letters, digits, hyphens and underscores in labels of up to 63: nothing else is worth a question (RFC 952, RFC 2782). */
function isDomainName(name: string): boolean {
  return /^(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/.test(name);
}

/** Reads `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` and `[2001:db8::53]:5353`; undefined for anything else. */
export function serverAddress(text: string): ServerAddress | undefined {
  const zone = text.indexOf('%');
  const close = text.indexOf(']');
  const colon = text.indexOf(':', close + 1);
  // One colon, or one behind the brackets, begins a port.
  const hasPort = colon >= 0 && (close >= 0 || colon === text.lastIndexOf(':'));
  const address = unbracket(hasPort ? text.slice(0, colon) : text);
  const port = hasPort ? Number(text.slice(colon + 1)) : 53;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  const bare = zone < 0 ? address : address.slice(0, address.indexOf('%'));
  return ipFamily(bare) === 0 ? undefined : { address, port };
}

/** `/etc/resolv.conf`, read again from time to time. */
function systemServers(clock: Clock): () => readonly ServerAddress[] {
  let servers: readonly ServerAddress[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock.now() - readAt >= REREAD_SERVERS_MS) {
      readAt = clock.now();
      const texts = new SystemResolver().getServers();
      servers = texts.map(serverAddress).filter((server) => server !== undefined);
    }
    return servers;
  };
}
