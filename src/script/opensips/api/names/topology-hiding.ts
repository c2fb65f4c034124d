// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Value } from '../../value.ts';
import type { Argument } from '../message.ts';

/** Hides each party of a call from the other: Vias, Record-Routes and Contacts, with a dialog the Call-ID too. */
export interface TopologyHidingNames {
  /** Hides the two sides of a request outside a dialog, and of all that comes of it, from each other. */
  topology_hiding(flags?: Argument, params?: Argument): boolean;
  /** Leads a request inside a hidden dialog to the true party. */
  topology_hiding_match(dlg_match_mode?: Argument): boolean;
  /** The Call-ID that the callee is shown; NULL where it is the same. */
  readonly $TH_callee_callid: Value;
  /** The true Contact that stood in the Request-URI, after topology_hiding_match without a dialog. */
  readonly $TH_decoded_contact: Value;
  /** A Route that stood there with it. */
  readonly $TH_decoded_routes: Value;
  /** How many Routes stood there. */
  readonly $TH_decoded_routes_count: Value;
}
