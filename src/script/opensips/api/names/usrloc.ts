// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Keeps the contacts that registrar saves, in memory and, where it is asked to, in a table. */
export interface UsrlocNames {
  /** Keeps a text with an address-of-record that has contacts; an empty one takes it away. */
  ul_add_key(domain: Argument, aor: Argument, key: Argument, value?: Argument): boolean | Promise<boolean>;
  /** Reads such a text. */
  ul_get_key(domain: Argument, aor: Argument, key: Argument, destination: string): boolean | Promise<boolean>;
  /** Takes such a text away. */
  ul_del_key(domain: Argument, aor: Argument, key: Argument): boolean | Promise<boolean>;
}
