// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Answers REGISTER, and finds the contacts of who is called. */
export interface RegistrarNames {
  /** Carries a REGISTER out and answers it. In a reply route it saves what another registrar has accepted, and answers nothing. */
  save(domain: Argument, flags?: Argument, aor?: Argument, ownership_tag?: Argument): boolean | Promise<boolean>;
  /** Removes contacts of an address-of-record: all, or those that all conditions hold for. */
  remove(domain: Argument, AOR: Argument, contact?: Argument, next_hop?: Argument, sip_instance?: Argument, bflag?: Argument): boolean | Promise<boolean>;
  /** Removes the contacts that came from an address and port. */
  remove_ip_port(IP: Argument, Port: Argument, domain: Argument, AOR?: Argument): boolean | Promise<boolean>;
  /** Puts the contacts of who is called in place of the Request-URI, and into branches. */
  lookup(domain: Argument, flags?: Argument, aor?: Argument): boolean | Promise<boolean>;
  /** Whether an address-of-record has a contact. */
  is_registered(domain: Argument, AOR?: Argument): boolean | Promise<boolean>;
  /** Whether an address-of-record has a contact of that URI, of that Call-ID, or of both; by default the Contact of the message. */
  is_contact_registered(domain: Argument, AOR?: Argument, contact?: Argument, callid?: Argument): boolean | Promise<boolean>;
  /** Whether an address-of-record has a contact that came from an address. */
  is_ip_registered(domain: Argument, AOR: Argument, IPvar: string, PORTvar?: string): boolean | Promise<boolean>;
  /** Writes the socket that the request came by into a header of it. */
  add_sock_hdr(hdr_name: Argument): boolean;
}
