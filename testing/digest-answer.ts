import { computeHa1, computeResponse, digestAlgorithm } from '../src/core/auth/digest.ts';
import type { HeaderEntry } from '../src/wire/sip/build.ts';
import { H } from '../src/wire/sip/header-name.ts';
import type { SipMessage } from '../src/wire/sip/message.ts';
import { toByteString } from '../src/wire/sip/text.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/**
 * The header that answers the first challenge of a 401 or 407 (RFC 7616 §3.4).
 * @returns undefined where the response has no digest challenge
 */
export function answerChallenge(
  response: SipMessage,
  request: { readonly method: string; readonly uri: string },
  { user, password }: Credentials,
): HeaderEntry | undefined {
  const www = response.status === 401;
  const challenge = response.get(www ? H.WwwAuthenticate : H.ProxyAuthenticate);
  if (challenge === undefined) return undefined;
  const realm = quoted(challenge, 'realm');
  const nonce = quoted(challenge, 'nonce');
  const name = /algorithm=([\w-]+)/i.exec(challenge)?.[1] ?? 'MD5';
  const algorithm = digestAlgorithm(name);
  if (algorithm === undefined) return undefined;
  const [nc, cnonce] = ['00000001', 'c0ffee'];
  const ha1 = computeHa1(algorithm, toByteString(user), realm, toByteString(password));
  const answer = computeResponse({ algorithm, ha1, ...request, nonce, nc, cnonce });
  const value =
    `Digest username="${toByteString(user)}", realm="${realm}", nonce="${nonce}", uri="${request.uri}", ` +
    `response="${answer}", algorithm=${name}, qop=auth, nc=${nc}, cnonce="${cnonce}"`;
  return [www ? H.Authorization : H.ProxyAuthorization, value];
}

function quoted(challenge: string, name: string): string {
  return new RegExp(`${name}="([^"]*)"`, 'i').exec(challenge)?.[1] ?? '';
}
