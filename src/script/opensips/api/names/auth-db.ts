// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Finds the passwords of users in a table. */
export interface AuthDbNames {
  /** Whether the credentials of the request are those of a user in a table. */
  www_authorize(realm: Argument, table: Argument): boolean | Promise<boolean>;
  /** Whether the credentials of the request are those of a user in a table. */
  proxy_authorize(realm: Argument, table: Argument): boolean | Promise<boolean>;
  /** Whether the user of To may use the credentials that were found right. */
  db_is_to_authorized(table: Argument): boolean | Promise<boolean>;
  /** Whether the user of From may use the credentials that were found right. */
  db_is_from_authorized(table: Argument): boolean | Promise<boolean>;
  /** Whether a URI is that of a user in a table. */
  db_does_uri_exist(uri: Argument, table: Argument): boolean | Promise<boolean>;
  /** Finds the credentials that the user of a URI has, in a table like `uri`. */
  db_get_auth_id(table: Argument, uri: Argument, auth: string, realm: string): boolean | Promise<boolean>;
}
