// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Digest authentication (RFC 7616, RFC 8760): challenges, and what auth_db works with. */
export interface AuthNames {
  /** Asks for credentials by a 401. */
  www_challenge(realm: Argument, qop?: Argument, algorithms?: Argument): boolean;
  /** Asks for credentials by a 407. */
  proxy_challenge(realm: Argument, qop?: Argument, algorithms?: Argument): boolean;
  /** Whether the credentials are those of `username_spec` and `password_spec`. */
  pv_www_authorize(realm: Argument): boolean | Promise<boolean>;
  /** Whether the credentials are those of `username_spec` and `password_spec`. */
  pv_proxy_authorize(realm: Argument): boolean | Promise<boolean>;
  /** Takes the credentials that were looked at out of the request. */
  consume_credentials(): boolean;
  /** Whether the URI for Remote-Party-ID has a number as its user: `+` and up to 15 digits. */
  is_rpid_user_e164(): boolean;
  /** Adds Remote-Party-ID with the URI that `rpid_avp` holds. */
  append_rpid_hf(prefix?: Argument, suffix?: Argument): boolean;
}
