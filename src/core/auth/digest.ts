import { hash } from 'node:crypto';
import { unquote } from '../../wire/sip/params.ts';
import { isToken } from '../../wire/sip/text.ts';
import type { DigestAlgorithm } from './subscriber-store.ts';

/** The strongest first, the order in which they are offered (RFC 8760 §2.4). */
export const DIGEST_ALGORITHMS: readonly DigestAlgorithm[] = ['SHA-512-256', 'SHA-256', 'MD5'];

const HASH_NAMES: Readonly<Record<DigestAlgorithm, string>> = {
  MD5: 'md5',
  'SHA-256': 'sha256',
  'SHA-512-256': 'sha512-256',
};

/** What an Authorization or Proxy-Authorization header says, quotes taken off; '' for what it does not say. */
export interface DigestCredentials {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  /** As written. */
  readonly response: string;
  /** As written; '' stands for MD5 (RFC 7616 §3.4). */
  readonly algorithm: string;
  readonly qop: string;
  readonly nc: string;
  readonly cnonce: string;
}

/** The scheme of credentials or a challenge, in lower case; '' for none. */
export function authScheme(value: string): string {
  let end = 0;
  while (end < value.length && value.charCodeAt(end) > 0x20) end++;
  return value.slice(0, end).toLowerCase();
}

/**
 * Reads `Digest name=value, …` (RFC 7616 §3.4).
 * @returns undefined where the scheme is another, a parameter stands twice, or the list is broken
 */
export function parseCredentials(value: string): DigestCredentials | undefined {
  if (authScheme(value) !== 'digest') return undefined;
  const params = parseAuthParams(value, 'digest'.length);
  if (params === undefined) return undefined;
  const get = (name: string) => params.get(name) ?? '';
  return {
    username: get('username'),
    realm: get('realm'),
    nonce: get('nonce'),
    uri: get('uri'),
    response: get('response'),
    algorithm: get('algorithm'),
    qop: get('qop'),
    nc: get('nc'),
    cnonce: get('cnonce'),
  };
}

/** Reads `name=token, name="quoted", …` from `from` on, names in lower case; undefined where it is broken. */
export function parseAuthParams(text: string, from: number): Map<string, string> | undefined {
  const params = new Map<string, string>();
  let at = skipSeparators(text, from);
  while (at < text.length) {
    const equals = text.indexOf('=', at);
    if (equals < 0) return undefined;
    const name = text.slice(at, equals).trim().toLowerCase();
    if (!isToken(name) || params.has(name)) return undefined;
    at = skipBlanks(text, equals + 1);
    const start = at;
    if (text.charCodeAt(at) === 0x22) {
      at = quotedEnd(text, at);
      if (at < 0) return undefined;
    } else {
      while (at < text.length && text.charCodeAt(at) !== 0x2c) at++;
    }
    params.set(name, unquote(text.slice(start, at).trimEnd()));
    at = skipBlanks(text, at);
    if (at < text.length && text.charCodeAt(at) !== 0x2c) return undefined;
    at = skipSeparators(text, at);
  }
  return params;
}

/** @returns the position behind the quoted string that begins at `from`; -1 where it never closes */
function quotedEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === 0x22) return at + 1;
    if (c === 0x5c) at++;
  }
  return -1;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && (text.charCodeAt(at) === 0x20 || text.charCodeAt(at) === 0x09)) at++;
  return at;
}

function skipSeparators(text: string, from: number): number {
  let at = skipBlanks(text, from);
  while (text.charCodeAt(at) === 0x2c) at = skipBlanks(text, at + 1);
  return at;
}

/** @returns the algorithm that a header's parameter names, in any case; undefined for one that is not known */
export function digestAlgorithm(text: string): DigestAlgorithm | undefined {
  const upper = text.toUpperCase();
  return upper === '' ? 'MD5' : DIGEST_ALGORITHMS.find((algorithm) => algorithm === upper);
}

/** `H(user:realm:password)` in lower-case hex. All arguments are byte strings (`toByteString`). */
export function computeHa1(
  algorithm: DigestAlgorithm,
  user: string,
  realm: string,
  password: string,
): string {
  return digestHash(algorithm, `${user}:${realm}:${password}`);
}

/** What a response with qop=auth is made of (RFC 7616 §3.4.1). */
export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  readonly ha1: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  readonly nc: string;
  readonly cnonce: string;
}

/** The `response` that the right credentials carry, in lower-case hex. */
export function computeResponse(input: DigestInput): string {
  const { algorithm, ha1, method, uri, nonce, nc, cnonce } = input;
  const ha2 = digestHash(algorithm, `${method}:${uri}`);
  return digestHash(algorithm, `${ha1}:${nonce}:${nc}:${cnonce}:auth:${ha2}`);
}

/** What any `response` is made of, those of old clients and of digests over the body too (RFC 7616 §3.4.1 to §3.4.3). */
export interface AnyDigestInput extends DigestInput {
  /** '' for a client of RFC 2069, which counts nothing. */
  readonly qop: '' | 'auth' | 'auth-int';
  /** The algorithm is a `-sess` one. */
  readonly session: boolean;
  /** For `auth-int`. */
  readonly body: Buffer;
}

/** As {@link computeResponse}, for whatever a client may send. */
export function computeAnyResponse(input: AnyDigestInput): string {
  const { algorithm, method, uri, nonce, nc, cnonce, qop, session, body } = input;
  const ha1 = session ? digestHash(algorithm, `${input.ha1}:${nonce}:${cnonce}`) : input.ha1;
  const entity = qop === 'auth-int' ? `:${digestHash(algorithm, body.toString('latin1'))}` : '';
  const ha2 = digestHash(algorithm, `${method}:${uri}${entity}`);
  const count = qop === '' ? '' : `${nc}:${cnonce}:${qop}:`;
  return digestHash(algorithm, `${ha1}:${nonce}:${count}${ha2}`);
}

function digestHash(algorithm: DigestAlgorithm, bytes: string): string {
  return hash(HASH_NAMES[algorithm], Buffer.from(bytes, 'latin1'), 'hex');
}
