import type { MaybePromise } from '../../core/registrar/location-store.ts';
import type { Uri } from '../../wire/sip/uri.ts';
import type { Address } from './address.ts';
import type { Reply } from './answer.ts';
import type { Call } from './call.ts';
import type { DigestOptions, Verification } from './digest.ts';
import type { SaveOptions, TargetSet } from './location.ts';

/** What the server does for the functions of the script API; each call and address leads to those of its server. */
export interface Services {
  verify(call: Call, options: DigestOptions): MaybePromise<Verification>;
  save(call: Call, options: SaveOptions): MaybePromise<Reply>;
  lookup(address: Address): MaybePromise<TargetSet>;
  isLocal(uri: Uri): boolean;
  /** @returns undefined for what is no address-of-record of a local domain */
  addressOfRecord(uri: Uri): string | undefined;
}
