import type { MaybePromise } from '../../core/registrar/location-store.ts';
import type { Address } from './address.ts';
import type { Reply } from './answer.ts';
import type { Call } from './call.ts';
import type { DigestOptions, Verification } from './digest.ts';
import type { SaveOptions, TargetSet } from './location.ts';

/** How `digest` and `location` find the server that a call belongs to. */
export const SERVICES: unique symbol = Symbol('services');

/** What the server does for the functions of the script API. */
export interface Services {
  verify(call: Call, options: DigestOptions): MaybePromise<Verification>;
  save(call: Call, options: SaveOptions): MaybePromise<Reply>;
  lookup(address: Address): MaybePromise<TargetSet>;
}
