import type { MaybePromise } from '../../core/registrar/location-store.ts';
import type { Reply } from './answer.ts';
import type { Call } from './call.ts';

export interface DigestOptions {
  /** Default: the server's own realm. */
  readonly realm?: string;
  /**
   * Whose address-of-record the request may carry (To of a REGISTER, else From): `own` (default) only that of the
   * authenticated user, `any` that of anybody.
   */
  readonly identity?: 'own' | 'any';
}

/** Who sent the request, or the answer to give where that is not shown. */
export type Verification =
  | { readonly ok: true; readonly user: string; readonly realm: string }
  | { readonly ok: false; readonly challenge: Reply };

/** Checks credentials against the subscribers (RFC 3261 §22, RFC 8760). */
export interface Digest {
  /** 401 for REGISTER and for requests to the server itself, 407 for all others; 403 for somebody else's identity. */
  verify(call: Call): MaybePromise<Verification>;
}

export function digest(options: DigestOptions = {}): Digest {
  return { verify: (call) => call.services.verify(call, options) };
}
