import type { Target } from '../../core/proxy/target.ts';
import type { MaybePromise } from '../../core/registrar/location-store.ts';
import type { Address } from './address.ts';
import type { Reply } from './answer.ts';
import type { Call } from './call.ts';

export interface SaveOptions {
  /** The authenticated user; where given, the address-of-record must be theirs, else 403. */
  readonly owner?: string;
  /** Default: the registrar's setting. */
  readonly maxContacts?: number;
}

/** Where to reach somebody: groups tried one after the other, the targets of a group at once. */
export type TargetSet = readonly (readonly Target[])[];

/** The location service (RFC 3261 §10). */
export const location: {
  /** Does what a REGISTER asks for, and makes its answer. */
  save(call: Call, options?: SaveOptions): MaybePromise<Reply>;
  /** The contacts of a local address-of-record, best q first; empty where nobody is registered. */
  lookup(address: Address): MaybePromise<TargetSet>;
} = {
  save: (call, options = {}) => call.services.save(call, options),
  lookup: (address) => address.services.lookup(address),
};
