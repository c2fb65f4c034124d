import type { Binding, LocationStore } from '../../core/registrar/location-store.ts';
import type { SqliteLocation } from '../../store/sqlite/location.ts';

/**
 * The location service as one of several workers has it: all of it in memory, and each address-of-record changed by its
 * owner alone as a rule. Where another changes it after all, he looks first at what stands in the file.
 */
export class ReplicatedLocation implements LocationStore {
  readonly #location: SqliteLocation;
  readonly #isMine: (aor: string) => boolean;

  constructor(location: SqliteLocation, isMine: (aor: string) => boolean) {
    this.#location = location;
    this.#isMine = isMine;
  }

  find(aor: string): readonly Binding[] {
    return this.#location.find(aor);
  }

  findToChange(aor: string): readonly Binding[] {
    return this.#isMine(aor) ? this.#location.find(aor) : this.#location.read(aor);
  }

  save(aor: string, bindings: readonly Binding[]): Promise<void> {
    return this.#location.save(aor, bindings);
  }

  all(): Iterable<Binding> {
    return this.#location.all();
  }

  count(): number {
    return this.#location.count();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#location[Symbol.asyncDispose]();
  }
}
