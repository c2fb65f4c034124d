// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Finds phones behind NATs, corrects what they say of themselves, and keeps the way to them open. */
export interface NathelperNames {
  /** Whether one of the tests finds a sign that the message came from behind a NAT. */
  nat_uac_test(flags: Argument): boolean;
  /** Puts the address that the message came from into every Contact. */
  fix_nated_contact(uri_params?: Argument, flags?: Argument): boolean;
  /** Gives the phone the Request-URI that it knows, which `fix_nated_contact` has kept with `preserve-uri`, and sends it where the phone is reached. */
  restore_nated_ruri(): boolean;
  /** Changes the session description. */
  fix_nated_sdp(flags: Argument, ip_address?: Argument, sdp_fields?: Argument): boolean;
  /** Puts the URI that the request came from into `received_avp`, for `save`. */
  fix_nated_register(): boolean;
  /** Tells in every Contact where the message came from: `;received="sip:…"`. */
  add_rcv_param(flag?: Argument): boolean;
}
