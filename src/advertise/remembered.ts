import { BoundedMap } from '../base/bounded-map.ts';
import type { Clock } from '../base/clock.ts';
import { canonicalHost } from '../base/ip.ts';
import type { Listener } from '../net/listener.ts';
import type { TransportName } from '../net/transport-name.ts';

/** One address that was printed, in the form that outlives the process. */
export interface RememberedAddress {
  readonly host: string;
  readonly port: number;
  readonly transport: TransportName;
  /** Name of the listener that printed it. */
  readonly listener: string;
  /** Wall-clock time in ms at which it is forgotten. */
  readonly expires: number;
}

/** What the policy printed; kept apart by identity. */
type Printed = { readonly host: string; readonly port: number };

interface Entry {
  readonly host: string;
  readonly port: number;
  readonly transport: TransportName;
  readonly listener: string;
  expires: number;
}

const HOSTS = 4096;
const ENTRIES_PER_HOST = 32;
const DEFAULT_LIFETIME_MS = 12 * 3600 * 1000;

/**
 * Addresses that were printed but stand in no configuration (overrides, and settings that have changed since), for as
 * long as a dialog may still come back to them. Bounded: the host that was printed longest ago goes first.
 */
export class RememberedAddresses {
  readonly #clock: Clock;
  readonly #lifetimeMs: number;
  readonly #byHost = new BoundedMap<string, Entry[]>(HOSTS, 'drop-oldest');
  /** The policy gives one object for one answer, so most prints are found here without making a key. */
  readonly #byIdentity = new WeakMap<Printed, Entry>();
  readonly #tell: ((address: RememberedAddress) => void) | undefined;
  #dropped = 0;

  /**
   * @param lifetimeMs counted from the last print; default 12 hours
   * @param tell hears of what is remembered here, for others who answer for the same addresses
   */
  constructor(
    clock: Clock,
    lifetimeMs: number = DEFAULT_LIFETIME_MS,
    tell?: (address: RememberedAddress) => void,
  ) {
    this.#tell = tell;
    this.#clock = clock;
    this.#lifetimeMs = lifetimeMs;
  }

  /** How many were forgotten before their time for want of room (hosts and single addresses). */
  get overflowed(): number {
    return this.#byHost.overflowed + this.#dropped;
  }

  /** Cheap where the address was remembered lately: its expiry moves in steps of a 64th of the lifetime. */
  remember(address: Printed, listener: Listener): void {
    const expires = this.#clock.wallNow() + this.#lifetimeMs;
    const known = this.#byIdentity.get(address);
    const fresh = known !== undefined && expires - known.expires < this.#lifetimeMs / 64;
    if (fresh && known.listener === listener.name && known.transport === listener.transport) return;
    const { host, port } = address;
    const entry = this.#put({ host, port, transport: listener.transport, listener: listener.name, expires });
    this.#byIdentity.set(address, entry);
    this.#tell?.(entry);
  }

  /**
   * @param host canonical
   * @param port undefined asks for any
   * @param transport undefined asks for any
   */
  find(
    host: string,
    port: number | undefined,
    transport: TransportName | undefined,
  ): RememberedAddress | undefined {
    const entries = this.#byHost.get(host);
    if (entries === undefined) return undefined;
    const now = this.#clock.wallNow();
    return entries.find(
      (entry) =>
        entry.expires > now &&
        (port === undefined || entry.port === port) &&
        (transport === undefined || entry.transport === transport),
    );
  }

  /** What is remembered now, oldest print first, as plain data. */
  snapshot(): RememberedAddress[] {
    const now = this.#clock.wallNow();
    const all = [...this.#byHost.values()].flat().map((entry) => ({ ...entry }));
    return all.filter((entry) => entry.expires > now);
  }

  /** Takes over what a snapshot holds; what has expired since is left out. */
  restore(addresses: readonly RememberedAddress[]): void {
    const now = this.#clock.wallNow();
    for (const address of addresses) if (address.expires > now) this.#put({ ...address });
  }

  #put(entry: Entry): Entry {
    const key = canonicalHost(entry.host);
    const entries = this.#byHost.get(key) ?? [];
    const same = entries.find(
      (it) => it.port === entry.port && it.transport === entry.transport && it.listener === entry.listener,
    );
    if (same !== undefined) {
      same.expires = Math.max(same.expires, entry.expires);
    } else {
      if (entries.length === ENTRIES_PER_HOST) {
        entries.shift();
        this.#dropped++;
      }
      entries.push(entry);
    }
    // Taken out and put in again, so that the map drops the host that was printed longest ago.
    this.#byHost.delete(key);
    this.#byHost.set(key, entries);
    return same ?? entry;
  }
}
