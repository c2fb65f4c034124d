import type { Answer } from 'dns-packet';
import type { Clock } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import { findRecords } from './dns-answer.ts';
import { askByTcp, askByUdp, type Exchange, type ServerAddress } from './dns-exchange.ts';
import { dnsQuery, type RecordType } from './dns-query.ts';

export interface DnsSettings {
  /** How long one server may take, in ms; then the next one is asked. */
  readonly timeoutMs: number;
  /** How long a question may take altogether, in ms. */
  readonly deadlineMs: number;
}

export const DEFAULT_DNS: DnsSettings = { timeoutMs: 1500, deadlineMs: 5000 };

export interface DnsClientOptions {
  /** The servers to ask, in order; asked for now and then, because the system's configuration may change. */
  readonly servers: () => readonly ServerAddress[];
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly settings?: Partial<DnsSettings>;
}

/** Records of one name, or why there are none to be had. */
export type DnsOutcome =
  | { readonly ok: true; readonly records: readonly Answer[]; readonly ttl: number }
  | { readonly ok: false; readonly reason: string };

/** A server that was silent is asked after all others for so long. */
const AVOID_MS = 10_000;
/** Every server is asked so often at most. */
const ROUNDS = 2;
/** Less time than this is not worth a question. */
const SHORTEST_MS = 10;
/** Questions more for an alias that the answer does not follow to its end. */
const MOST_FURTHER = 3;

/** Asks recursive name servers, one after the other until one answers (RFC 1035 §7.2, RFC 5452). */
export class DnsClient {
  readonly #servers: () => readonly ServerAddress[];
  readonly #clock: Clock;
  readonly #ids: IdSource;
  readonly #settings: DnsSettings;
  /** Until when a server is avoided, by `address port`; no larger than the list of servers. */
  readonly #avoid = new Map<string, number>();
  readonly counters = { asked: 0, overTcp: 0, silent: 0, refused: 0, failed: 0 };

  constructor(options: DnsClientOptions) {
    this.#servers = options.servers;
    this.#clock = options.clock;
    this.#ids = options.ids;
    this.#settings = { ...DEFAULT_DNS, ...options.settings };
  }

  /** Finds the records of a name, aliases followed. Never rejects. */
  async ask(name: string, type: RecordType): Promise<DnsOutcome> {
    const deadline = this.#clock.now() + this.#settings.deadlineMs;
    let at = name;
    let ttl = Number.POSITIVE_INFINITY;
    for (let further = 0; further <= MOST_FURTHER; further++) {
      const exchange = await this.#askSomebody(at, type, deadline);
      if (exchange.kind !== 'answer') return this.#failed(exchange.reason);
      const found = findRecords(at, type, exchange.answers, exchange.authorities);
      if (!found) return this.#failed('aliases lead nowhere');
      ttl = Math.min(ttl, found.ttl);
      if (found.records.length > 0 || found.aliases === 0) return { ok: true, records: found.records, ttl };
      at = found.name;
    }
    return this.#failed('aliases lead nowhere');
  }

  #failed(reason: string): DnsOutcome {
    this.counters.failed++;
    return { ok: false, reason };
  }

  async #askSomebody(
    name: string,
    type: RecordType,
    deadline: number,
  ): Promise<Exclude<Exchange, { kind: 'over-tcp' }>> {
    const servers = this.#inOrder();
    let last: Exclude<Exchange, { kind: 'over-tcp' | 'answer' }> = {
      kind: 'silent',
      reason: 'no name server',
    };
    for (let round = 0; round < ROUNDS; round++) {
      for (const server of servers) {
        const left = deadline - this.#clock.now();
        if (left < SHORTEST_MS) return last;
        const exchange = await this.#askServer(server, name, type, left);
        if (exchange.kind === 'answer') {
          this.#avoid.delete(keyOf(server));
          return exchange;
        }
        this.counters[exchange.kind]++;
        if (exchange.kind === 'silent') this.#avoid.set(keyOf(server), this.#clock.now() + AVOID_MS);
        last = exchange;
      }
    }
    return last;
  }

  async #askServer(
    server: ServerAddress,
    name: string,
    type: RecordType,
    left: number,
  ): Promise<Exclude<Exchange, { kind: 'over-tcp' }>> {
    this.counters.asked++;
    const timeout = Math.min(this.#settings.timeoutMs, left);
    const query = dnsQuery(name, type, this.#ids);
    const exchange = await askByUdp(server, query, timeout, this.#clock);
    if (exchange.kind !== 'over-tcp') return exchange;
    this.counters.overTcp++;
    const again = await askByTcp(server, query, timeout, this.#clock);
    return again.kind === 'over-tcp' ? { kind: 'refused', reason: 'cut off over TCP' } : again;
  }

  /** Those that were silent lately come last. */
  #inOrder(): readonly ServerAddress[] {
    const servers = this.#servers();
    if (this.#avoid.size === 0) return servers;
    const now = this.#clock.now();
    const known = new Set(servers.map(keyOf));
    for (const [key, until] of this.#avoid) if (until <= now || !known.has(key)) this.#avoid.delete(key);
    const avoided = (server: ServerAddress) => (this.#avoid.has(keyOf(server)) ? 1 : 0);
    return servers.toSorted((a, b) => avoided(a) - avoided(b));
  }
}

function keyOf(server: ServerAddress): string {
  return `${server.address} ${server.port}`;
}
