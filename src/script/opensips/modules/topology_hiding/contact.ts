import type { Advertise } from '../../../../advertise/advertise.ts';
import { sipUriText } from '../../../../advertise/advertised-address.ts';
import { ROUTE_TAG_PARAM } from '../../../../advertise/route-tag.ts';
import type { Side } from '../../../../core/proxy/record-route.ts';
import type { MessageEdit } from '../../../../wire/sip/edit.ts';
import { H } from '../../../../wire/sip/header-name.ts';
import type { SipMessage } from '../../../../wire/sip/message.ts';
import type { NameAddr } from '../../../../wire/sip/name-addr.ts';

/** What of the Contact of one party the other is told. */
export interface PassedParams {
  readonly ofUri: readonly string[];
  readonly ofHeader: readonly string[];
}

/** What the Contact bears that stands for a party. */
export interface HiddenContact {
  readonly user: string | undefined;
  /** Parameters of the URI, each with its `;`. */
  readonly params: string;
  /** Whether the URI shall be known as this server's own by its tag. */
  readonly tagged: boolean;
}

export function contactIn(message: SipMessage): NameAddr | undefined {
  return message.topElement(H.Contact)?.address;
}

/** The value of a Contact that names this server, as it is printed to its reader. */
export function contactFor(
  reader: Side,
  advertise: Advertise,
  { user, params, tagged }: HiddenContact,
  contact: NameAddr | undefined,
  passed: PassedParams,
): string {
  const { listener, printed: address } = reader;
  const tag = tagged ? `;${ROUTE_TAG_PARAM}=${advertise.tags.tagOf(listener)}` : '';
  const ofUri = passed.ofUri.map((name) => param(name, contact?.uri?.param(name))).join('');
  const ofHeader = passed.ofHeader.map((name) => param(name, headerParam(contact, name))).join('');
  const uri = sipUriText({
    user: user === '' ? undefined : user,
    address,
    transport: listener.transport,
    params: `${tag}${params}${ofUri}`,
  });
  return `<${uri}>${ofHeader}`;
}

function param(name: string, value: string | undefined): string {
  if (value === undefined) return '';
  return value === '' ? `;${name}` : `;${name}=${value}`;
}

function headerParam(contact: NameAddr | undefined, name: string): string | undefined {
  for (const part of (contact?.params ?? '').split(';')) {
    const equals = part.indexOf('=');
    const its = (equals < 0 ? part : part.slice(0, equals)).trim();
    if (its.toLowerCase() === name.toLowerCase()) return equals < 0 ? '' : part.slice(equals + 1).trim();
  }
  return undefined;
}

/** Puts what the request came with in place of what lies beyond: an answer then shows nothing of the other side. */
export function restoreRoutes(edit: MessageEdit, request: SipMessage): void {
  edit.removeAll(H.RecordRoute);
  for (const { text } of request.elements(H.RecordRoute)) edit.append(H.RecordRoute, text);
}

/** Takes away what a request says of the way that it came. */
export function hideWay(edit: MessageEdit): void {
  edit.removeAll(H.Via).removeAll(H.RecordRoute);
}
