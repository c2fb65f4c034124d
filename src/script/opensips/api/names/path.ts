// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Has what a registrar behind this server sends to a phone come back this way (RFC 3327). */
export interface PathNames {
  /** Writes a Path into the request when it is forwarded. */
  add_path(user?: Argument): boolean;
  /** The same, with where the request came from in `received`. */
  add_path_received(user?: Argument): boolean;
}
