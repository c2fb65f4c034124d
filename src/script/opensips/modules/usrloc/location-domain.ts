import type { Clock } from '../../../../base/clock.ts';
import type { Binding, LocationStore, MaybePromise } from '../../../../core/registrar/location-store.ts';
import type { RegisterRefusal } from '../../../../core/registrar/register-request.ts';
import type { Registrar } from '../../../../core/registrar/registrar.ts';
import type { BindingUpdate } from '../../../../core/registrar/update-bindings.ts';
import { whenReady } from '../../../../core/registrar/when-ready.ts';
import { SqlLocation } from './sql-location.ts';

/** The domain whose addresses-of-record the rest of the server knows as its own. */
const FIRST = 'location';

/** What prefixes the addresses-of-record of a domain in the store. */
export function domainPrefix(name: string): string {
  return name === FIRST ? 'sip:' : `${name}/sip:`;
}

/** What a {@link LocationDomain} is made of. */
export interface DomainParts {
  readonly registrar: Registrar;
  readonly store: LocationStore;
  readonly clock: Clock;
  /** Contacts are ordered by time, the newest first, and not by q. */
  readonly newestFirst: boolean;
}

/** A domain of usrloc: the contacts that `save("location")` and its like work on. */
export class LocationDomain {
  readonly name: string;
  readonly registrar: Registrar;
  readonly store: LocationStore;
  readonly #clock: Clock;
  readonly #newestFirst: boolean;
  readonly #prefix: string;
  /** Contacts that lapsed. */
  expired = 0;

  constructor(name: string, parts: DomainParts) {
    this.name = name;
    this.registrar = parts.registrar;
    this.store = parts.store;
    this.#clock = parts.clock;
    this.#newestFirst = parts.newestFirst;
    this.#prefix = domainPrefix(name);
  }

  /** What the store knows `alice@example.com` by. */
  keyOf(aor: string): string {
    return this.#prefix + aor;
  }

  /** @returns undefined for what belongs to another domain */
  aorOf(key: string): string | undefined {
    return key.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : undefined;
  }

  /** The contacts that live, in the order in which they are tried. */
  find(aor: string): MaybePromise<readonly Binding[]> {
    const now = this.#clock.wallNow();
    return whenReady(this.store.find(this.keyOf(aor)), (bindings) =>
      this.ordered(bindings.filter((it) => it.expiresAt > now)),
    );
  }

  ordered(bindings: readonly Binding[]): readonly Binding[] {
    if (bindings.length < 2) return bindings;
    if (this.#newestFirst) return bindings.toSorted((a, b) => b.updatedAt - a.updatedAt);
    return bindings.toSorted((a, b) => rank(b) - rank(a));
  }

  /** See {@link Registrar.change}. */
  change(
    aor: string,
    decide: (stored: readonly Binding[]) => BindingUpdate | RegisterRefusal,
  ): MaybePromise<BindingUpdate | RegisterRefusal> {
    return this.registrar.change(this.keyOf(aor), decide);
  }

  /** @returns how many were removed; undefined where the store failed */
  remove(aor: string, gone: (binding: Binding) => boolean): MaybePromise<number | undefined> {
    const update = this.change(aor, (stored) => {
      const removed = stored.filter(gone);
      const bindings = stored.filter((it) => !removed.includes(it));
      return { ok: true, bindings, added: [], refreshed: [], removed, expired: [] };
    });
    return whenReady(update, (result) => (result.ok ? result.removed.length : undefined));
  }

  /** Every contact by its address-of-record, lapsed ones too. */
  async byAor(): Promise<ReadonlyMap<string, readonly Binding[]>> {
    const found = new Map<string, Binding[]>();
    for await (const binding of this.store.all()) {
      const aor = this.aorOf(binding.aor);
      if (aor === undefined) continue;
      const known = found.get(aor);
      if (known === undefined) found.set(aor, [binding]);
      else known.push(binding);
    }
    return found;
  }

  /** How many addresses-of-record and contacts there are in memory. */
  get counts(): { users: number; contacts: number } {
    const all = this.store.all();
    if (Symbol.asyncIterator in all) return { users: 0, contacts: 0 };
    const users = new Set<string>();
    let contacts = 0;
    for (const { aor } of all) {
      if (this.aorOf(aor) === undefined) continue;
      contacts++;
      users.add(aor);
    }
    return { users: users.size, contacts };
  }

  /** How far the database knows of a contact. */
  stateOf(binding: Binding): string {
    return this.store instanceof SqlLocation ? this.store.stateOf(binding) : 'CS_NEW';
  }
}

/** A contact that gave no q comes last. */
function rank({ q, notes }: Binding): number {
  return notes?.q ?? q;
}
