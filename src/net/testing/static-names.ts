import type { Lookup, NameServer, NaptrRecord, SrvRecord } from '../name-server.ts';

export interface StaticZone {
  /** Addresses of both families by host. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  readonly services?: Readonly<Record<string, readonly SrvRecord[]>>;
  readonly pointers?: Readonly<Record<string, readonly NaptrRecord[]>>;
}

const TTL = 60;

/** A name server for tests that knows what it is told, and asks nobody. */
export class StaticNames implements NameServer {
  readonly #zone: StaticZone;

  constructor(zone: StaticZone = {}) {
    this.#zone = zone;
  }

  async a(host: string): Promise<Lookup<string>> {
    const addresses = this.#zone.hosts?.[host] ?? [];
    return found(addresses.filter((address) => !address.includes(':')));
  }

  async aaaa(host: string): Promise<Lookup<string>> {
    const addresses = this.#zone.hosts?.[host] ?? [];
    return found(addresses.filter((address) => address.includes(':')));
  }

  async srv(name: string): Promise<Lookup<SrvRecord>> {
    return found(this.#zone.services?.[name] ?? []);
  }

  async naptr(host: string): Promise<Lookup<NaptrRecord>> {
    return found(this.#zone.pointers?.[host] ?? []);
  }

  local(): readonly string[] {
    return [];
  }

  async system(): Promise<Lookup<string>> {
    return found([]);
  }
}

function found<T>(records: readonly T[]): Lookup<T> {
  return { ok: true, records, ttl: TTL };
}
