import { formatHostPort } from '../../../../base/ip.ts';
import {
  type ContactFixOptions,
  fixContacts,
  fixedContactUri,
  ORIGINAL_PARAM,
  restoreRequestUri,
} from '../../../../core/nat/contact-fix.ts';
import type { Flow } from '../../../../net/flow.ts';
import { H } from '../../../../wire/sip/header-name.ts';
import { NameAddr } from '../../../../wire/sip/name-addr.ts';
import { Uri } from '../../../../wire/sip/uri.ts';
import { FIXED_CONTACTS } from '../../runtime/fixed-contacts.ts';
import type { MessageChanges } from '../../runtime/message-changes.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';

/** Messages whose Contacts were rewritten: a second time would rewrite the same bytes again. */
const rewritten = new WeakSet<MessageChanges>();

/** Marks the message. @returns false where its Contacts were rewritten before, which is a mistake in the script */
function begin(m: ScriptMessage, name: string): boolean {
  if (rewritten.has(m.changes) || (m.isRequest && rewritten.has(m.context.changes))) {
    m.program.log('error', `${name}: the Contact was changed before`, m.message.callId);
    return false;
  }
  rewritten.add(m.changes);
  return true;
}

/** `fix_nated_contact` */
export function fixNatedContact(m: ScriptMessage, params: string, preserve: boolean): boolean {
  if (!begin(m, 'fix_nated_contact')) return false;
  const { remoteAddress: address, remotePort: port } = m.flow;
  const seen = { address, port };
  const options: ContactFixOptions = { params, preserve };
  m.changes.add((edit) => void fixContacts(edit, seen, options));
  if (m.isRequest) remember(m, (uri) => fixedContactUri(uri, seen, options).toString());
  return true;
}

/** Has `save` keep what the Contacts are now. */
function remember(m: ScriptMessage, change: (uri: Uri) => string): void {
  const fixed = new Map<string, string>();
  for (const { text } of m.message.elements(H.Contact)) {
    const uri = NameAddr.parse(text)?.uri;
    if (uri?.kind === 'sip') fixed.set(uri.toString(), change(uri));
  }
  m.context.set(FIXED_CONTACTS, fixed);
}

/** `restore_nated_ruri`: the Request-URI as the phone knows it, sent where it is reached. */
export function restoreNatedUri(m: ScriptMessage): boolean {
  const { target } = m;
  const restored = restoreRequestUri(target.uri);
  const seen = target.parsed?.withoutParam(ORIGINAL_PARAM).toString();
  if (restored === undefined || seen === undefined) return false;
  target.uri = restored.uri;
  target.du = seen;
  return true;
}

/** Where a message came from, as a URI: `sip:192.0.2.7:5060;transport=tcp`. */
export function receivedUri({ remoteAddress, remotePort, transport }: Flow): string {
  const transportParam = transport === 'udp' ? '' : `;transport=${transport}`;
  return `sip:${formatHostPort(remoteAddress, remotePort)}${transportParam}`;
}

/** `add_rcv_param`: tells another registrar where the message came from. */
export function addReceivedParam(m: ScriptMessage, inUri: boolean): boolean {
  const contacts = m.message.elements(H.Contact);
  const param = `;received="${receivedUri(m.flow)}"`;
  if (!inUri) {
    if (contacts.length === 0) return false;
    m.changes.add((edit) => {
      for (const { end } of edit.message.elements(H.Contact)) edit.insert(end, param);
    });
    return true;
  }
  if (contacts.length === 0 || !begin(m, 'add_rcv_param')) return false;
  m.changes.add((edit) => {
    for (const { start, end, text } of edit.message.elements(H.Contact)) {
      const contact = NameAddr.parse(text);
      if (contact === undefined) continue;
      const { displayName, uriText, params } = contact;
      edit.replace(start, end, new NameAddr(displayName, uriText + param, params).toString());
    }
  });
  return true;
}

/** Parameters that may stand in a URI: a `;` first, and nothing that would end it. */
export function isUriParams(text: string): boolean {
  return text === '' || Uri.parse(`sip:a${text}`)?.kind === 'sip';
}
