import type { Binding, LocationStore, MaybePromise } from '../../../../core/registrar/location-store.ts';
import { Registrar } from '../../../../core/registrar/registrar.ts';
import type { BindingUpdate } from '../../../../core/registrar/update-bindings.ts';
import type { DbUrl } from '../../db/db-url.ts';
import { connectDatabase, databaseUrl } from '../../db/open-database.ts';
import { requireTable } from '../../db/table-layout.ts';
import type { ModuleContext } from '../../runtime/module-context.ts';
import type { ServerServices } from '../../runtime/server-services.ts';
import { domainPrefix, LocationDomain } from './location-domain.ts';
import { LOCATION, type LocationColumns, LocationRows } from './location-rows.ts';
import { SqlLocation, SqlOnlyLocation } from './sql-location.ts';

/** Where contacts live. */
export type WorkingMode = 'no-db' | 'write-through' | 'write-back' | 'sql-only';

export interface LocationSettings {
  readonly mode: WorkingMode;
  readonly url: DbUrl | undefined;
  readonly columns: LocationColumns;
  /** Addresses-of-record have their domain. */
  readonly useDomain: boolean;
  readonly newestFirst: boolean;
  /** Call-ID must be the same, too, for two contacts to be one. */
  readonly matchCallId: boolean;
  /** For how long a REGISTER that was carried out may come again. */
  readonly cseqDelayMs: number;
  /** The flag of branches that lead behind a NAT. */
  readonly natFlag: string | undefined;
  readonly timerSeconds: number;
  /** What raises no event about pings, in µs. */
  readonly latencyEventUs: number;
  readonly latencyDeltaUs: number;
}

/** A store with its registrar; consecutive scripts share it, for contacts outlive them. */
interface SharedStore {
  readonly registrar: Registrar;
  readonly store: LocationStore;
  users: number;
}

const SHARED = new WeakMap<ServerServices, Map<string, Promise<SharedStore>>>();

/** Hears what has become of an address-of-record of a domain, and the contacts that it had before. */
export type HearChange = (
  domain: LocationDomain,
  aor: string,
  before: readonly Binding[],
  update: BindingUpdate,
) => void;

/** The state of usrloc: domains of contacts, and how they are kept. */
export class UserLocation implements AsyncDisposable {
  readonly settings: LocationSettings;
  readonly #context: ModuleContext;
  readonly #domains = new Map<string, LocationDomain>();
  readonly #ends = new AsyncDisposableStack();
  readonly #hear: HearChange;
  /** How long the answer to the last ping of each contact took, in µs, by id. */
  readonly #latencies = new Map<string, number>();

  private constructor(settings: LocationSettings, context: ModuleContext, hear: HearChange) {
    this.settings = settings;
    this.#context = context;
    this.#hear = hear;
  }

  /**
   * @param names the domains that the script uses; others open when they are first used
   * @throws ServerError STORE_UNAVAILABLE, CFG_INVALID
   */
  static async open(
    settings: LocationSettings,
    names: Iterable<string>,
    context: ModuleContext,
    hear: HearChange,
  ): Promise<UserLocation> {
    const location = new UserLocation(settings, context, hear);
    for (const name of names) await location.domain(name);
    context.onConnectionClosed((connectionId) => {
      for (const { registrar } of location.#domains.values()) {
        if (registrar !== context.services.registrar) registrar.connectionClosed(connectionId);
      }
    });
    return location;
  }

  get domains(): Iterable<LocationDomain> {
    return this.#domains.values();
  }

  known(name: string): LocationDomain | undefined {
    return this.#domains.get(name);
  }

  /** The domain of that name; opened where it is not. @throws ServerError STORE_UNAVAILABLE, CFG_INVALID */
  domain(name: string): MaybePromise<LocationDomain> {
    const known = this.#domains.get(name);
    if (known !== undefined) return known;
    const { registrar, location: store } = this.#context.services;
    if (this.settings.mode === 'no-db') return this.#add(name, registrar, store);
    return this.#openTable(name);
  }

  /** In µs; 0 before the first ping was answered. */
  latencyOf({ notes }: Binding): number {
    return this.#latencies.get(notes?.id ?? '') ?? 0;
  }

  /** A ping of a contact was answered. @returns the latency of the time before, 0 for none */
  measured(binding: Binding, latencyUs: number): number {
    const before = this.latencyOf(binding);
    if (binding.notes !== undefined) this.#latencies.set(binding.notes.id, latencyUs);
    return before;
  }

  /** Writes to the databases what they lack. @throws ServerError STORE_UNAVAILABLE */
  async flush(): Promise<void> {
    for (const { store } of this.domains) if (store instanceof SqlLocation) await store.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync();
  }

  #add(name: string, registrar: Registrar, store: LocationStore): LocationDomain {
    const { clock } = this.#context.services;
    const { newestFirst } = this.settings;
    const domain = new LocationDomain(name, { registrar, store, clock, newestFirst });
    this.#domains.set(name, domain);
    const watch = registrar.watch((key, before, update) => {
      const aor = domain.aorOf(key);
      if (aor === undefined) return;
      domain.expired += update.expired.length;
      this.#hear(domain, aor, before, update);
      for (const gone of [...update.removed, ...update.expired]) this.#latencies.delete(gone.notes?.id ?? '');
    });
    this.#ends.use(watch);
    return domain;
  }

  async #openTable(name: string): Promise<LocationDomain> {
    const { services } = this.#context;
    const url = databaseUrl(this.#context, 'usrloc', this.settings.url);
    const shared = SHARED.get(services) ?? new Map<string, Promise<SharedStore>>();
    SHARED.set(services, shared);
    const key = `${this.settings.mode} ${url.text} ${name}`;
    const opening = shared.get(key) ?? this.#makeStore(name);
    shared.set(key, opening);
    let found: SharedStore;
    try {
      found = await opening;
    } catch (error) {
      shared.delete(key);
      throw error;
    }
    const again = this.#domains.get(name);
    if (again !== undefined) return again;
    found.users++;
    this.#ends.defer(async () => {
      if (--found.users > 0) return;
      shared.delete(key);
      await found.registrar[Symbol.asyncDispose]();
      await found.store[Symbol.asyncDispose]();
    });
    return this.#add(name, found.registrar, found.store);
  }

  async #makeStore(name: string): Promise<SharedStore> {
    const { mode, columns, useDomain, url, timerSeconds } = this.settings;
    const { clock, ids, environment } = this.#context.services;
    const { network } = environment;
    const prefix = domainPrefix(name);
    const rows = new LocationRows({
      columns,
      useDomain,
      listeners: () => network.listeners,
      keyOf: (aor) => prefix + aor,
      aorOf: (aorKey) => aorKey.slice(prefix.length),
    });
    await using opened = new AsyncDisposableStack();
    const database = opened.use(await connectDatabase(this.#context, 'usrloc', url));
    await requireTable(database, LOCATION, name, rows.used);
    const store =
      mode === 'sql-only'
        ? new SqlOnlyLocation(database, name, rows)
        : await SqlLocation.open(database, name, rows, mode === 'write-back' ? 'back' : 'through');
    const registrar = new Registrar({
      store,
      clock,
      bootId: ids.token(12),
      sweepMs: timerSeconds * 1000,
      isOpen: (connectionId) => network.connection(connectionId) !== undefined,
    });
    opened.move();
    return { registrar, store, users: 0 };
  }
}
