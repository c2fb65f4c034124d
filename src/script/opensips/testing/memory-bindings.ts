import type { Binding, LocationStore } from '../../../core/registrar/location-store.ts';

/** Bindings of a test. */
export class MemoryBindings implements LocationStore {
  readonly #byAor = new Map<string, readonly Binding[]>();

  find(aor: string): readonly Binding[] {
    return this.#byAor.get(aor) ?? [];
  }

  save(aor: string, bindings: readonly Binding[]): void {
    if (bindings.length === 0) this.#byAor.delete(aor);
    else this.#byAor.set(aor, bindings);
  }

  *all(): Generator<Binding> {
    for (const bindings of this.#byAor.values()) yield* bindings;
  }

  count(): number {
    return [...this.all()].length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#byAor.clear();
  }
}
