import { lookup, Resolver } from 'node:dns/promises';

/** An A or AAAA record. */
export interface AddressRecord {
  readonly address: string;
  /** Seconds for which it holds. */
  readonly ttl: number;
}

/** An SRV record (RFC 2782). */
export interface SrvRecord {
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** The look-ups of RFC 3263. Each resolves to nothing where the name has no such record, and rejects on failure. */
export interface NameServer {
  a(host: string): Promise<readonly AddressRecord[]>;
  aaaa(host: string): Promise<readonly AddressRecord[]>;
  srv(name: string): Promise<readonly SrvRecord[]>;
  /** Whatever else the system knows of a host (`/etc/hosts`): its addresses. */
  system(host: string): Promise<readonly string[]>;
}

/** The name servers of the system's configuration, or those that are given as `address[:port]`. */
export class DnsNameServer implements NameServer {
  readonly #resolver: Resolver;

  constructor(options: { readonly servers?: readonly string[]; readonly timeoutMs?: number } = {}) {
    this.#resolver = new Resolver({ timeout: options.timeoutMs ?? 2000, tries: 2 });
    if (options.servers) this.#resolver.setServers(options.servers);
  }

  a(host: string): Promise<readonly AddressRecord[]> {
    return orNone(this.#resolver.resolve4(host, { ttl: true }));
  }

  aaaa(host: string): Promise<readonly AddressRecord[]> {
    return orNone(this.#resolver.resolve6(host, { ttl: true }));
  }

  async srv(name: string): Promise<readonly SrvRecord[]> {
    const records = await orNone(this.#resolver.resolveSrv(name));
    return records.map(({ name: target, port, priority, weight }) => ({ target, port, priority, weight }));
  }

  async system(host: string): Promise<readonly string[]> {
    const entries = await orNone(lookup(host, { all: true, order: 'verbatim' }));
    return entries.map((entry) => entry.address);
  }
}

const NO_RECORD: readonly string[] = ['ENODATA', 'ENOTFOUND', 'EBADNAME'];

async function orNone<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer;
  } catch (error) {
    if (NO_RECORD.includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
