import type { LinkPatience } from './control-link.ts';
import type { NodeSetSpec } from './node-spec.ts';

/** Relays in sets, and how long they are waited for. Defaults are those of OpenSIPS. */
export interface FleetSettings extends Partial<LinkPatience> {
  readonly sets: readonly NodeSetSpec[];
  /** `default_set`; 0. */
  readonly defaultSet?: number | undefined;
  /**
   * `rtpproxy_disable_tout`, `rtpengine_disable_tout` in milliseconds: how long a relay that failed is left alone; 60 s.
   * `never`: until no other one is left.
   */
  readonly disableMs?: number | 'never' | undefined;
}

export const DEFAULT_PATIENCE: LinkPatience = { timeoutMs: 1000, tries: 5 };
export const DEFAULT_DISABLE_MS = 60_000;
