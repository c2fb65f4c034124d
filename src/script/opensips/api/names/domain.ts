// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Says which domains are local, by a table. */
export interface DomainNames {
  /** Whether the domain of From is local. */
  is_from_local(attrs_var?: string): boolean | Promise<boolean>;
  /** Whether the domain of the Request-URI is local. */
  is_uri_host_local(attrs_var?: string): boolean | Promise<boolean>;
  /** Whether a domain is local. */
  is_domain_local(domain: Argument, attrs_var?: string): boolean | Promise<boolean>;
}
