// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Says who may do what: by addresses in a table, and by files of expressions. */
export interface PermissionsNames {
  /** Whether an address is in a group of the table. */
  check_address(group_id: Argument, ip: Argument, port: Argument, proto: Argument, context_info?: string, pattern?: Argument, partition?: Argument): boolean;
  /** Whether the address that the request came from is in a group of the table. */
  check_source_address(group_id: Argument, context_info?: string, pattern?: Argument, partition?: Argument): boolean;
  /** Finds the group of the address that the request came from. */
  get_source_group(var_: string, partition?: Argument): boolean;
  /** Whether rules let the caller (From) reach the Request-URI and every branch. */
  allow_routing(basename?: Argument): boolean;
  /** Whether rules let a user (To) register the contacts of the request. */
  allow_register(basename: Argument): boolean;
  /** Whether rules let the caller (From) reach a URI. */
  allow_uri(basename: Argument, uri: Argument): boolean;
}
