import { Cidr, canonicalHost, PRIVATE_NETWORKS } from '../../base/ip.ts';
import { defaultPort, isReliable, type TransportName } from '../../net/transport-name.ts';
import type { MessageEdit } from '../../wire/sip/edit.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { Uri } from '../../wire/sip/uri.ts';
import type { Source } from '../registrar/location-store.ts';
import { isContactAt } from './contact-at.ts';
import { type ContactFixOptions, fixContacts, fixedContactUri } from './contact-fix.ts';

const PRIVATE = PRIVATE_NETWORKS.map((text) => Cidr.parse(text)!);

/**
 * Has later requests to this Contact reach its user agent through the NAT: by the address it was seen at, over the
 * connection it has open. The Contact that it believes in is kept and comes back to it in the Request-URI.
 */
export function fixForwardedContacts(edit: MessageEdit, seen: Source): void {
  fixContacts(edit, seen, keepingTheWay(firstContact(edit.message), seen));
}

/** The URI that {@link fixForwardedContacts} gives a Contact. */
export function fixedForwardedUri(uri: Uri, seen: Source): Uri {
  return fixedContactUri(uri, seen, keepingTheWay(uri, seen));
}

function keepingTheWay(uri: Uri | undefined, seen: Source): ContactFixOptions {
  const named = uri?.param('transport') !== undefined;
  return {
    preserve: true,
    params: isReliable(seen.transport) && !named ? `;transport=${seen.transport}` : '',
  };
}

/**
 * Whether the Contact of an answer, which has come straight from its user agent, leads elsewhere than the answer came
 * from: a private address, or any where the user agent is known to be behind a NAT.
 */
export function answersFromBehindNat(response: SipMessage, seen: Source, known: boolean): boolean {
  if (isContactAt(response, seen.address, seen.port)) return false;
  const contact = firstContact(response);
  if (contact?.kind !== 'sip') return false;
  const host = canonicalHost(contact.host);
  const elsewhere =
    host !== seen.address || (seen.transport === 'udp' && (contact.port ?? defaultPort('udp')) !== seen.port);
  return (
    elsewhere && (known || isWebSocket(seen.transport) || PRIVATE.some((network) => network.contains(host)))
  );
}

function isWebSocket(transport: TransportName): boolean {
  return transport === 'ws' || transport === 'wss';
}

function firstContact(message: SipMessage) {
  return message.topElement(H.Contact)?.address?.uri;
}
