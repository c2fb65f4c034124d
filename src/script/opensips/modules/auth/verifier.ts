import { timingSafeEqual } from 'node:crypto';
import {
  authScheme,
  computeAnyResponse,
  computeHa1,
  type DigestCredentials,
  parseCredentials,
} from '../../../../core/auth/digest.ts';
import { Nonces } from '../../../../core/auth/nonces.ts';
import type { DigestAlgorithm } from '../../../../core/auth/subscriber-store.ts';
import type { MaybePromise } from '../../../../core/registrar/location-store.ts';
import { whenReady } from '../../../../core/registrar/when-ready.ts';
import { H, type HeaderId } from '../../../../wire/sip/header-name.ts';
import { quote } from '../../../../wire/sip/params.ts';
import { type ContextKey, contextKey } from '../../runtime/context-key.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import type { ServerServices } from '../../runtime/server-services.ts';
import { algorithmNamed, type NamedAlgorithm } from './algorithms.ts';

/** Codes of `www_authorize` and its like. */
export const AUTHORIZED = 1;
/** It was answered, and the script ends. */
export const ANSWERED = 0;
export const UNKNOWN_USER = -1;
export const WRONG_PASSWORD = -2;
export const STALE_NONCE = -3;
export const NO_CREDENTIALS = -4;
export const AUTH_FAULT = -5;

/** Whether the server of the user asks (401) or a proxy (407). */
export type AuthKind = 'www' | 'proxy';

/** Credentials that were looked at, for what comes after. */
export interface UsedCredentials {
  readonly header: HeaderId;
  /** The line of the header. */
  readonly line: number;
  readonly credentials: DigestCredentials;
  /** Without the domain that a username may carry. */
  readonly user: string;
  readonly domain: string;
  readonly stale: boolean;
}

export const USED_CREDENTIALS: ContextKey<UsedCredentials> = contextKey<UsedCredentials>('used credentials');

/** What is known of a user: a password, or the hash for the algorithm at hand. */
export type Secret = { readonly password: string } | { readonly ha1: string };

/** Finds a user's secret; undefined where there is no such user. */
export type FindSecret = (
  user: { readonly name: string; readonly domain: string; readonly whole: string },
  algorithm: DigestAlgorithm,
) => MaybePromise<Secret | undefined>;

export interface VerifierSettings {
  /** Seconds that a nonce is good for. */
  readonly nonceExpire: number;
  /** What nonces are made with; random where undefined. */
  readonly secret: string | undefined;
  /** Whether each nonce is good for one count only once. */
  readonly checkNonces: boolean;
  /** Taken off realms that are found in the request. */
  readonly realmPrefix: string;
}

/** Digest authentication as scripts use it: the script finds the password, and sends the challenge. */
export class Verifier {
  readonly #settings: VerifierSettings;
  readonly #nonces: Nonces;

  constructor(
    settings: VerifierSettings,
    { clock, ids, nonces }: Pick<ServerServices, 'clock' | 'ids' | 'nonces'>,
  ) {
    this.#settings = settings;
    const random = nonces?.key ?? ids.token(32);
    const key = Buffer.from(settings.secret ?? random, 'latin1');
    const lifetimeMs = settings.nonceExpire * 1000;
    this.#nonces = new Nonces({ key, clock, ids, lifetimeMs, counts: nonces?.counts });
  }

  /** The realm where a script gives none: the domain of To in a REGISTER to its own server, else that of From. */
  realmOf(m: ScriptMessage, kind: AuthKind, given: string): string {
    if (given !== '') return given;
    const { request } = m.context;
    const header = kind === 'www' && request.method === 'REGISTER' ? request.to : request.from;
    const host = header?.uri?.host ?? '';
    const { realmPrefix } = this.#settings;
    return realmPrefix !== '' && host.startsWith(realmPrefix) ? host.slice(realmPrefix.length) : host;
  }

  /** Whether the credentials of the request are right; ACK and CANCEL, which cannot be challenged, always are. */
  verify(m: ScriptMessage, kind: AuthKind, givenRealm: string, find: FindSecret): MaybePromise<number> {
    const { request } = m.context;
    if (request.method === 'ACK' || request.method === 'CANCEL') return AUTHORIZED;
    const realm = this.realmOf(m, kind, givenRealm);
    const found = findCredentials(m, kind, realm);
    if (found === undefined) return NO_CREDENTIALS;
    if (found === 'broken') return badRequest(m);
    const { credentials } = found;
    const algorithm = algorithmNamed(credentials.algorithm);
    if (algorithm === undefined) return NO_CREDENTIALS;
    const qop = credentials.qop.toLowerCase();
    if (isIncomplete(credentials) || (qop !== '' && qop !== 'auth' && qop !== 'auth-int'))
      return badRequest(m);
    const at = credentials.username.indexOf('@');
    const user = at < 0 ? credentials.username : credentials.username.slice(0, at);
    const domain = at < 0 ? realm : credentials.username.slice(at + 1);
    const fresh = this.#isFresh(credentials, kind, algorithm, realm);
    m.context.set(USED_CREDENTIALS, { ...found, user, domain, stale: !fresh });
    if (!fresh) return STALE_NONCE;
    const secret = find({ name: user, domain, whole: credentials.username }, algorithm.base);
    return whenReady(secret, (known) => {
      if (known === undefined) return UNKNOWN_USER;
      const ha1 =
        'ha1' in known
          ? known.ha1.toLowerCase()
          : computeHa1(algorithm.base, credentials.username, realm, known.password);
      const expected = computeAnyResponse({
        algorithm: algorithm.base,
        session: algorithm.session,
        ha1,
        method: request.method,
        uri: credentials.uri,
        nonce: credentials.nonce,
        nc: credentials.nc,
        cnonce: credentials.cnonce,
        qop,
        body: request.body,
      });
      if (!isSame(expected, credentials.response)) return WRONG_PASSWORD;
      if (!this.#use(credentials, qop)) {
        m.context.set(USED_CREDENTIALS, { ...found, user, domain, stale: true });
        return STALE_NONCE;
      }
      return AUTHORIZED;
    });
  }

  /** Answers with a challenge for each algorithm; without any by one that names none. @returns whether it was sent */
  challenge(
    m: ScriptMessage,
    kind: AuthKind,
    givenRealm: string,
    wantedQop: string,
    algorithms: readonly NamedAlgorithm[],
  ): boolean {
    const realm = this.realmOf(m, kind, givenRealm);
    const stale = m.context.get(USED_CREDENTIALS)?.stale === true ? ', stale=true' : '';
    // RFC 8760 §2.6, and a session key needs a cnonce.
    const needsQop = algorithms.some(({ base, session }) => session || base !== 'MD5');
    const qop = wantedQop === '' && needsQop ? 'auth' : wantedQop;
    const [header, status, reason] =
      kind === 'www'
        ? ([H.WwwAuthenticate, 401, 'Unauthorized'] as const)
        : ([H.ProxyAuthenticate, 407, 'Proxy Authentication Required'] as const);
    const headers = (algorithms.length === 0 ? [undefined] : algorithms).map((algorithm) => {
      const nonce = this.#nonces.issue(purpose(kind, algorithm ?? algorithmNamed('')!, realm));
      const named = algorithm === undefined ? '' : `, algorithm=${algorithm.name}`;
      const withQop = qop === '' ? '' : `, qop="${qop}"`;
      return [header, `Digest realm=${quote(realm)}, nonce="${nonce}"${withQop}${stale}${named}`] as const;
    });
    return m.program.reply(m.context, status, reason, { headers });
  }

  #isFresh({ nonce }: DigestCredentials, kind: AuthKind, algorithm: NamedAlgorithm, realm: string): boolean {
    return this.#nonces.isOurs(nonce, purpose(kind, algorithm, realm)) && this.#nonces.isFresh(nonce);
  }

  #use({ nonce, nc }: DigestCredentials, qop: string): boolean {
    if (!this.#settings.checkNonces) return true;
    return this.#nonces.use(nonce, qop === '' ? 1 : Number.parseInt(nc, 16) || 1);
  }
}

function purpose(kind: AuthKind, { name }: NamedAlgorithm, realm: string): string {
  return `${kind}:${name}:${realm.toLowerCase()}`;
}

function headerOf(kind: AuthKind): HeaderId {
  return kind === 'www' ? H.Authorization : H.ProxyAuthorization;
}

/** The first credentials for the realm that have an algorithm which is known. */
function findCredentials(
  { context: { request } }: ScriptMessage,
  kind: AuthKind,
  realm: string,
): Pick<UsedCredentials, 'header' | 'line' | 'credentials'> | 'broken' | undefined {
  const header = headerOf(kind);
  let broken = false;
  for (let line = request.find(header); line >= 0; line = request.find(header, line + 1)) {
    const value = request.valueAt(line);
    if (authScheme(value) !== 'digest') continue;
    const credentials = parseCredentials(value);
    if (credentials === undefined) broken = true;
    else if (
      credentials.realm.toLowerCase() === realm.toLowerCase() &&
      algorithmNamed(credentials.algorithm) !== undefined
    ) {
      return { header, line, credentials };
    }
  }
  return broken ? 'broken' : undefined;
}

function isIncomplete({ username, nonce, uri, response, qop, nc, cnonce }: DigestCredentials): boolean {
  if (username === '' || nonce === '' || uri === '' || response === '') return true;
  return qop !== '' && (cnonce === '' || !/^[0-9a-f]{8}$/i.test(nc));
}

function badRequest(m: ScriptMessage): number {
  m.program.reply(m.context, 400, 'Bad Request');
  return ANSWERED;
}

function isSame(expected: string, given: string): boolean {
  const [a, b] = [expected, given.toLowerCase()].map((text) => Buffer.from(text, 'latin1'));
  return a!.length === b!.length && timingSafeEqual(a!, b!);
}
