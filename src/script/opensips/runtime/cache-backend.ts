import type { MaybePromise } from '../../../core/registrar/location-store.ts';

/** A key-value store that `cache_store` and its like work on; a module registers it by {@link ModuleContext.addCache}. */
export interface CacheBackend {
  /** @param seconds 0 for ever. @returns false where it could not be stored */
  store(key: string, value: string, seconds: number): MaybePromise<boolean>;
  /** @returns undefined where there is none */
  fetch(key: string): MaybePromise<string | undefined>;
  remove(key: string): MaybePromise<void>;
  /** Adds to a counter, which begins at 0. @returns the new value; undefined where the value is no number */
  add(key: string, amount: number, seconds: number): MaybePromise<number | undefined>;
  counter(key: string): MaybePromise<number | undefined>;
}
