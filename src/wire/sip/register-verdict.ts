import type { HeaderElement } from './header-element.ts';
import { H } from './header-name.ts';
import type { SipMessage } from './message.ts';
import { NameAddr } from './name-addr.ts';
import { parseDecimal } from './text.ts';
import { type Verdict, verdict } from './verdict.ts';

/**
 * Judges what a registrar has to judge in a REGISTER beyond `judge`: an address-of-record that it can hold, and
 * contacts that it can read back (RFC 3261 §10.3). Extensions (Require) and who may register are judged apart.
 * @returns undefined for a REGISTER that can be handled
 */
export function judgeRegister(request: SipMessage): Verdict | undefined {
  const aor = request.to?.uri;
  // RFC 3261 §10.2.
  if (aor?.kind !== 'sip') return verdict(request, 400, 'To is no SIP address-of-record');
  const contacts = request.elements(H.Contact);
  if (contacts.some(({ text }) => text === '*')) return judgeWildcard(request, contacts);
  for (const { text } of contacts) {
    const contact = NameAddr.parse(text);
    if (!contact?.uri) return verdict(request, 400, 'Malformed Contact header');
    // A bare URI cannot hold a '?': what stands behind it would be nobody's (RFC 3261 §20, RFC 4475 §3.1.2.13).
    if (contact.uri.headers !== '' && text.indexOf('<') < 0) {
      return verdict(request, 400, 'Contact URI with headers needs angle brackets');
    }
  }
  return undefined;
}

/** RFC 3261 §10.3 step 6: `*` stands alone and only takes bindings away. */
function judgeWildcard(request: SipMessage, contacts: readonly HeaderElement[]): Verdict | undefined {
  if (contacts.length > 1) return verdict(request, 400, 'Contact * beside other contacts');
  if (parseDecimal(request.get(H.Expires) ?? '') !== 0) {
    return verdict(request, 400, 'Contact * without Expires: 0');
  }
  return undefined;
}
