import type { Advertise } from '../../advertise/advertise.ts';
import { type AdvertisedAddress, sipUriText } from '../../advertise/advertised-address.ts';
import type { Listener } from '../../net/listener.ts';
import type { TransportName } from '../../net/transport-name.ts';
import type { MessageEdit } from '../../wire/sip/edit.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { NameAddr } from '../../wire/sip/name-addr.ts';
import { Uri } from '../../wire/sip/uri.ts';
import { fixedForwardedUri } from '../nat/forwarded-contact.ts';
import type { Source } from '../registrar/location-store.ts';

/** The URI parameter that carries a hidden Contact, sealed so that nobody outside can make or read one. */
export const HIDDEN_CONTACT_PARAM = 'vc';

/**
 * Whether a message goes from a party of the inside to one outside that knows this server by another address than its
 * inside one: then inside addresses mean nothing to the reader, and are nobody's business there.
 * @param inner the socket that the inside party talks to
 * @param face what is printed to the reader
 */
export function crossesOutward(
  advertise: Advertise,
  from: string,
  inner: Listener,
  to: string,
  face: AdvertisedAddress,
): boolean {
  const { networks } = advertise;
  return face.host !== inner.address && networks.isInside(from) && !networks.isInside(to);
}

/**
 * Gives every Contact that names an inside address a public face: this server's address as printed to the reader, and
 * the true URI sealed in a parameter. Requests to that face are led to the true one by {@link revealContact}.
 * @param seen where the user agent was seen, if its Contact does not say how it is reached (a browser's never does): its
 *   Contact is hidden whatever it names, with the way back in it
 */
export function hideContacts(
  edit: MessageEdit,
  message: SipMessage,
  advertise: Advertise,
  face: { readonly address: AdvertisedAddress; readonly transport: TransportName },
  seen: Source | undefined,
): void {
  for (const { start, end, text } of message.elements(H.Contact)) {
    const contact = NameAddr.parse(text);
    const uri = contact?.uri;
    if (!contact || uri?.kind !== 'sip' || (!seen && !advertise.networks.isInside(uri.host))) continue;
    const reachable = seen ? fixedForwardedUri(uri, seen) : uri;
    const params = `;${HIDDEN_CONTACT_PARAM}=${advertise.tags.seal(reachable.toString())}`;
    const secure = uri.scheme === 'sips';
    const hidden = sipUriText({ user: uri.user, ...face, params, secure });
    edit.replace(start, end, new NameAddr(contact.displayName, hidden, contact.params).toString());
  }
}

/** @returns the true URI behind a hidden one; undefined for any other, and for one that was tampered with */
export function revealContact(uri: Uri, advertise: Advertise): Uri | undefined {
  const token = uri.kind === 'sip' ? uri.param(HIDDEN_CONTACT_PARAM) : undefined;
  const text = token ? advertise.tags.unseal(token) : undefined;
  return text === undefined ? undefined : Uri.parse(text);
}
