import { authScheme, computeAnyResponse, computeHa1, parseAuthParams } from '../../../../core/auth/digest.ts';
import { H, type HeaderId } from '../../../../wire/sip/header-name.ts';
import type { SipMessage } from '../../../../wire/sip/message.ts';
import { quote } from '../../../../wire/sip/params.ts';
import { algorithmNamed, type NamedAlgorithm } from '../auth/algorithms.ts';
import type { Credential } from '../uac_auth.ts';

/** A challenge that can be answered. */
export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: NamedAlgorithm;
  /** Whether the challenge names it. */
  readonly named: boolean;
  readonly qop: '' | 'auth' | 'auth-int';
}

/** What is answered, besides challenge and credential. */
export interface Answered {
  readonly method: string;
  readonly uri: string;
  readonly body: Buffer;
  readonly cnonce: string;
}

/**
 * The first challenge of a 401 or 407 with an algorithm that is wanted; servers put the one that they like best first
 * (RFC 8760 §2.4).
 * @param wanted empty for any
 */
export function findChallenge(
  response: SipMessage,
  wanted: readonly NamedAlgorithm[],
): Challenge | undefined {
  const header = response.status === 401 ? H.WwwAuthenticate : H.ProxyAuthenticate;
  for (let line = response.find(header); line >= 0; line = response.find(header, line + 1)) {
    const challenge = readChallenge(response.valueAt(line));
    if (challenge === undefined) continue;
    if (wanted.length === 0 || wanted.includes(challenge.algorithm)) return challenge;
  }
  return undefined;
}

function readChallenge(value: string): Challenge | undefined {
  if (authScheme(value) !== 'digest') return undefined;
  const params = parseAuthParams(value, 'digest'.length);
  const [realm, nonce] = [params?.get('realm'), params?.get('nonce')];
  const name = params?.get('algorithm');
  const algorithm = algorithmNamed(name ?? '');
  if (realm === undefined || nonce === undefined || algorithm === undefined) return undefined;
  const offered = (params?.get('qop') ?? '').split(',').map((it) => it.trim().toLowerCase());
  const qop = offered.includes('auth') ? 'auth' : offered.includes('auth-int') ? 'auth-int' : '';
  return { realm, nonce, opaque: params?.get('opaque'), algorithm, named: name !== undefined, qop };
}

/** The value of Authorization or Proxy-Authorization that answers a challenge. */
export function answerTo(challenge: Challenge, credential: Credential, answered: Answered): string {
  const { realm, nonce, opaque, algorithm, named, qop } = challenge;
  const { user, password } = credential;
  const { method, uri, body, cnonce } = answered;
  const nc = '00000001';
  const response = computeAnyResponse({
    algorithm: algorithm.base,
    session: algorithm.session,
    ha1: ha1Of(credential, algorithm) ?? computeHa1(algorithm.base, user, realm, password),
    method,
    uri,
    nonce,
    nc,
    cnonce,
    qop,
    body,
  });
  const counted = qop === '' ? [] : [`qop=${qop}`, `nc=${nc}`];
  const withCnonce = qop !== '' || algorithm.session ? [`cnonce=${quote(cnonce)}`] : [];
  return `Digest ${[
    `username=${quote(user)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    ...counted,
    ...withCnonce,
    ...(opaque === undefined ? [] : [`opaque=${quote(opaque)}`]),
    `response="${response}"`,
    ...(named ? [`algorithm=${algorithm.name}`] : []),
  ].join(', ')}`;
}

/** `0x` and as many digits as the hash has. */
function ha1Of({ password }: Credential, { base }: NamedAlgorithm): string | undefined {
  const digits = base === 'MD5' ? 32 : 64;
  const match = /^0x([0-9a-f]+)$/.exec(password);
  return match?.[1]?.length === digits ? match[1] : undefined;
}

/** The header that answers a 401 or a 407. */
export function answerHeader(status: number): HeaderId {
  return status === 401 ? H.Authorization : H.ProxyAuthorization;
}
