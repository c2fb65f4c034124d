import { ServerError } from '../../base/errors.ts';
import type { Binding, LocationStore } from '../../core/registrar/location-store.ts';

/** Bindings that live as long as the process. Answers at once, without promises. */
export class MemoryLocation implements LocationStore {
  readonly #byAor = new Map<string, readonly Binding[]>();
  readonly #limit: number;
  #count = 0;
  /** How many changes were refused because the store was full. */
  overflowed = 0;

  /** @param limit how many bindings there may be; default a million */
  constructor(limit = 1_000_000) {
    this.#limit = limit;
  }

  find(aor: string): readonly Binding[] {
    return this.#byAor.get(aor) ?? [];
  }

  /** @throws ServerError STORE_UNAVAILABLE where there would be too many; nothing is changed then */
  save(aor: string, bindings: readonly Binding[]): void {
    this.checkRoom(aor, bindings);
    this.put(aor, bindings);
  }

  /** As {@link save}, for what is stored elsewhere already. */
  put(aor: string, bindings: readonly Binding[]): void {
    this.#count += bindings.length - this.find(aor).length;
    if (bindings.length === 0) this.#byAor.delete(aor);
    else this.#byAor.set(aor, bindings);
  }

  /** @throws ServerError STORE_UNAVAILABLE where {@link save} would */
  checkRoom(aor: string, bindings: readonly Binding[]): void {
    const more = bindings.length - this.find(aor).length;
    if (more <= 0 || this.#count + more <= this.#limit) return;
    this.overflowed++;
    throw new ServerError('STORE_UNAVAILABLE', `the location store is full: ${this.#limit} bindings`);
  }

  *all(): Generator<Binding> {
    for (const bindings of this.#byAor.values()) yield* bindings;
  }

  count(): number {
    return this.#count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#byAor.clear();
    this.#count = 0;
  }
}
