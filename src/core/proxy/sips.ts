import type { SipMessage } from '../../wire/sip/message.ts';
import { Uri } from '../../wire/sip/uri.ts';
import type { Target } from './target.ts';

/** RFC 5630 §5.3: nothing that the request may be sent to is reached by TLS. */
export const SIPS_NOT_ALLOWED: { readonly code: number; readonly text: string } = {
  code: 380,
  text: 'SIPS Not Allowed',
};

const COLON = 0x3a;

/** Whether a URI's scheme is `sips`. Compared by hand: it is asked for every request. */
export function isSips(uri: string): boolean {
  return uri.charCodeAt(4) === COLON && uri.slice(0, 4).toLowerCase() === 'sips';
}

/** Whether a request may reach this target by TLS alone: its caller asked for a secure way to whoever registered. */
export function needsSecureWay(target: Target, request: SipMessage): boolean {
  return target.binding !== undefined && isSips(request.requestUri);
}

/**
 * The Request-URI for a target. Who registered a `sips` Contact is reached by `sip` too, but then its request must not
 * promise what its caller did not ask for (RFC 5630 §5.3); the way there stays the one of the Contact.
 */
export function requestUriFor(target: Target, request: SipMessage): string {
  if (target.binding === undefined || !isSips(target.uri) || isSips(request.requestUri)) return target.uri;
  const uri = Uri.parse(target.uri);
  if (uri === undefined) return target.uri;
  const overWebSocket = uri.param('transport')?.toLowerCase().startsWith('ws') === true;
  return uri
    .with({ scheme: 'sip' })
    .withParam('transport', overWebSocket ? 'wss' : 'tls')
    .toString();
}
