import { isReliable } from '../../../../net/transport-name.ts';
import { SessionDescription } from '../../../../wire/sdp/session-description.ts';
import { Flaw } from '../../../../wire/sip/flaw.ts';
import { H } from '../../../../wire/sip/header-name.ts';
import { NameAddr } from '../../../../wire/sip/name-addr.ts';
import type { Uri } from '../../../../wire/sip/uri.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { sdpText } from './sdp-text.ts';

/** What is wrong with a message, by OpenSIPS's codes. */
export interface Invalid {
  readonly code: number;
  readonly reason: string;
}

type Check = readonly [wrong: boolean, code: number, reason: string];

/** Checks a message as `sipmsg_validate` does. @returns undefined for a good one */
export function validate(m: ScriptMessage, flags: string): Invalid | undefined {
  for (const [wrong, code, reason] of checks(m, flags)) if (wrong) return { code, reason };
  return undefined;
}

function* checks(m: ScriptMessage, flags: string): Generator<Check> {
  const { message } = m;
  yield [(message.flaws & (Flaw.HeaderSyntax | Flaw.StrayControl)) !== 0, -2, 'header parsing error'];
  yield [message.callId === '', -3, 'no Call-ID'];
  yield [isReliable(m.flow.transport) && !message.has(H.ContentLength), -4, 'no Content-Length'];
  yield [(message.flaws & (Flaw.ContentLength | Flaw.BodyTruncated)) !== 0, -5, 'bad Content-Length'];
  yield [message.cseq === undefined, -7, 'no CSeq'];
  yield [!message.has(H.From), -8, 'no From'];
  yield [!message.has(H.To), -9, 'no To'];
  yield [message.topVia === undefined, -10, 'no Via'];
  yield* m.isRequest ? requestChecks(m, flags) : replyChecks(m);
  const hasBody = message.body.length > 0;
  yield [hasBody && !message.has(H.ContentType), -21, 'no Content-Type'];
  if (flags.includes('s') && hasBody) {
    const sdp = sdpText(m);
    yield [sdp !== undefined && !SessionDescription.parse(sdp).ok, -6, 'SDP parsing error'];
  }
  const whole = flags.includes('h');
  if (flags.includes('t') || whole)
    yield* addressChecks(message.to, flags.includes('t'), -22, -23, -29, 'To');
  if (flags.includes('f') || whole)
    yield* addressChecks(message.from, flags.includes('f'), -24, -25, -28, 'From');
  if (flags.includes('c') || whole) yield* contactChecks(m);
}

function* requestChecks(m: ScriptMessage, flags: string): Generator<Check> {
  const { message } = m;
  yield [message.uri === undefined, -11, 'Request-URI parse error'];
  if (flags.includes('r') && message.uri) {
    yield [message.uri.kind === 'sip' && !isHostname(message.uri.host), -12, 'bad hostname in Request-URI'];
    yield [!isUser(message.uri), -27, 'bad user in Request-URI'];
  }
  yield [!flags.includes('m') && !message.has(H.MaxForwards), -13, 'no Max-Forwards'];
  yield [message.method === 'INVITE' && !message.has(H.Contact), -14, 'no Contact'];
  yield [message.has(H.Path) && message.method !== 'REGISTER', -15, 'Path in a request that is no REGISTER'];
}

function* replyChecks({ message }: ScriptMessage): Generator<Check> {
  const { status } = message;
  yield [status === 405 && !message.has(H.Allow), -16, 'no Allow in a 405'];
  yield [status === 423 && !message.has(H.MinExpires), -17, 'no Min-Expires in a 423'];
  yield [status === 407 && !message.has(H.ProxyAuthenticate), -18, 'no Proxy-Authenticate in a 407'];
  yield [status === 420 && !message.has(H.Unsupported), -19, 'no Unsupported in a 420'];
  yield [status === 401 && !message.has(H.WwwAuthenticate), -20, 'no WWW-Authenticate in a 401'];
}

function* addressChecks(
  address: NameAddr | undefined,
  closely: boolean,
  parse: number,
  host: number,
  user: number,
  name: string,
): Generator<Check> {
  const uri = address?.uri;
  yield [uri === undefined, parse, `${name} parse error`];
  if (!closely || uri === undefined) return;
  yield [uri.kind === 'sip' && !isHostname(uri.host), host, `bad hostname in ${name}`];
  yield [!isUser(uri), user, `bad user in ${name}`];
}

function* contactChecks({ message }: ScriptMessage): Generator<Check> {
  const value = message.get(H.Contact)?.trim();
  if (value === undefined) return;
  if (value === '*') {
    const removes = message.method === 'REGISTER' && message.get(H.Expires)?.trim() === '0';
    yield [!removes, -30, 'Contact is * in a request that removes nothing'];
    return;
  }
  const wrong = message.elements(H.Contact).some(({ text }) => NameAddr.parse(text)?.uri === undefined);
  yield [wrong, -26, 'Contact parse error'];
}

function isHostname(host: string): boolean {
  if (host.includes(':')) return true;
  return (
    host.length <= 253 &&
    host.split('.').every((label) => /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$/.test(label))
  );
}

/** RFC 3261 §25.1 `user`. */
function isUser({ user }: Uri): boolean {
  return user === undefined || /^(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})*$/.test(user);
}
