import { bracket, canonicalHost } from '../../base/ip.ts';
import { escapeUser, undoEscapes } from './escape.ts';
import type { Uri } from './uri.ts';
import { bareNumber } from './uri-compare.ts';

/**
 * The one text under which an address-of-record is kept (RFC 3261 §10.3 step 5): password, parameters and headers go,
 * so do escapes where the bare character may stand, and a port that is the scheme's default. `sips:` becomes `sip:`,
 * since both name the same user (RFC 5630 §5.2). A telephone number keeps its digits and, if it is local, its context.
 */
export function addressOfRecord(uri: Uri): string {
  if (uri.kind === 'other') return `${uri.scheme}:${uri.params}`;
  if (uri.kind === 'tel') {
    const number = bareNumber(uri.user ?? '');
    const context = number.startsWith('+') ? undefined : uri.param('phone-context');
    return context === undefined ? `tel:${number}` : `tel:${number};phone-context=${context.toLowerCase()}`;
  }
  const user = uri.user === undefined ? '' : `${escapeUser(undoEscapes(uri.user))}@`;
  const standard =
    uri.port === undefined || uri.port === 5060 || (uri.port === 5061 && uri.scheme === 'sips');
  const port = standard ? '' : `:${uri.port}`;
  return `sip:${user}${bracket(canonicalHost(uri.host))}${port}`;
}
