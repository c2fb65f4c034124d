// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Routes calls by prefix, group, time and priority to gateways and carriers of OpenSIPS’s tables, with fail-over. */
export interface DroutingNames {
  /** Leads the request by the rule for the number in its Request-URI; without a group by that of the caller. */
  do_routing(groupID?: Argument, flags?: Argument, gw_whitelist?: Argument, rule_attrs?: string, gw_attrs?: string, carrier_attrs?: string, partition?: Argument): boolean;
  /** Leads the request to the next gateway, when the last one has failed. */
  use_next_gw(rule_attrs?: string, gw_attrs?: string, carrier_attrs?: string, partition?: Argument): boolean;
  /** Leads the request to the gateways of carriers, whatever the rules say. */
  route_to_carrier(carriers: Argument, gw_attrs?: string, carrier_attrs?: string, partition?: Argument): boolean;
  /** Leads the request to gateways, whatever the rules say. */
  route_to_gw(gw_id: Argument, gw_attrs?: string, carrier_attrs?: string, partition?: Argument): boolean;
  /** Whether the message came from a gateway, of one type or of any. */
  is_from_gw(type?: Argument, flags?: Argument, gw_attrs?: string, carrier_attrs?: string, partition?: Argument): boolean;
  /** Whether the request goes to the address of a gateway; names are not looked up. */
  goes_to_gw(type?: Argument, flags?: Argument, gw_attrs?: string, carrier_attrs?: string, partition?: Argument): boolean;
  /** Whether a URI has the address of a gateway; names are not looked up. */
  dr_is_gw(sip_uri: Argument, type?: Argument, flags?: Argument, gw_attrs?: string, carrier_attrs?: string, partition?: Argument): boolean;
  /** Leaves the gateway that was used last out, until a probe is answered. */
  dr_disable(partition?: Argument): boolean;
  /** Whether there is a rule for a number. */
  dr_match(groupID: Argument, flags: Argument, number: Argument, rule_attrs?: string, partition?: Argument): boolean;
}
