import { createHmac, timingSafeEqual } from 'node:crypto';
import { logLine } from '../../base/channels.ts';
import type { Clock } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import { canonicalHost, sourceNetwork } from '../../base/ip.ts';
import type { HeaderEntry } from '../../wire/sip/build.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { quote } from '../../wire/sip/params.ts';
import { Uri } from '../../wire/sip/uri.ts';
import { sameUri } from '../../wire/sip/uri-compare.ts';
import type { MaybePromise } from '../registrar/location-store.ts';
import { whenReady } from '../registrar/when-ready.ts';
import {
  authScheme,
  computeResponse,
  DIGEST_ALGORITHMS,
  type DigestCredentials,
  digestAlgorithm,
  parseCredentials,
} from './digest.ts';
import { FailureThrottle } from './failure-throttle.ts';
import type { NonceCounts } from './nonce-counts.ts';
import { Nonces } from './nonces.ts';
import type { DigestAlgorithm, Subscriber, SubscriberStore } from './subscriber-store.ts';

/** Whether a user agent server asks (401) or a proxy (407). */
export type AuthKind = 'www' | 'proxy';

export interface AuthenticatorOptions {
  readonly subscribers: SubscriberStore;
  /** 32 random bytes that outlive the process. */
  readonly key: Buffer;
  readonly clock: Clock;
  readonly ids: IdSource;
  /**
   * Whether a host is this server or a domain of it. Clients that sign only the server (`sip:example.com`) instead of
   * their Request-URI are then taken as they are; many do. None by default.
   */
  readonly isOwnHost?: (host: string) => boolean;
  /** What is offered, the strongest first whatever the order here. Default all of RFC 8760. */
  readonly algorithms?: readonly DigestAlgorithm[];
  /** How long a nonce is good for, in ms. Default 5 minutes. */
  readonly nonceLifetimeMs?: number;
  /** Where uses of nonces are counted; this thread alone counts unless given. */
  readonly nonceCounts?: NonceCounts | undefined;
  /** Wrong answers that one source may give for one user at once, and then one every {@link failureEveryMs}. */
  readonly failureBurst?: number;
  /** Default 6 s. */
  readonly failureEveryMs?: number;
}

export type AuthResult =
  | { readonly ok: true; readonly user: string; readonly realm: string }
  | {
      readonly ok: false;
      readonly status: 400 | 401 | 403 | 407 | 503;
      readonly reason: string;
      /** The challenges of a 401 or 407. */
      readonly headers: readonly HeaderEntry[];
    };

const MOST_CREDENTIALS = 16;
const LONGEST_NAME = 256;

/**
 * Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760) with qop=auth, which clients must use because it is
 * offered. ACK and CANCEL cannot be challenged (RFC 3261 §22.1); the caller does not ask about them.
 */
export class Authenticator {
  readonly #subscribers: SubscriberStore;
  /** H(user:realm:password) of users that are not there: nobody knows what it would be of. */
  readonly #nobody: string;
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #nonces: Nonces;
  readonly #throttle: FailureThrottle;
  readonly #isOwnHost: (host: string) => boolean;
  /** Hears of each source and user that has failed too often, for other workers, where it is {@link shut} too. */
  shutOut: ((suspect: string) => void) | undefined = undefined;
  readonly counters = {
    accepted: 0,
    challenged: 0,
    stale: 0,
    wrong: 0,
    malformed: 0,
    throttled: 0,
    failed: 0,
  };

  constructor(options: AuthenticatorOptions) {
    const { clock, ids, key } = options;
    this.#subscribers = options.subscribers;
    this.#nobody = createHmac('sha256', key).update('viaduct-nobody').digest('hex');
    const offered = options.algorithms ?? DIGEST_ALGORITHMS;
    this.#algorithms = DIGEST_ALGORITHMS.filter((algorithm) => offered.includes(algorithm));
    const { nonceLifetimeMs: lifetimeMs = 300_000, nonceCounts: counts } = options;
    this.#nonces = new Nonces({ key, clock, ids, lifetimeMs, counts });
    this.#isOwnHost = options.isOwnHost ?? (() => false);
    this.#throttle = new FailureThrottle(clock, options.failureBurst ?? 10, options.failureEveryMs ?? 6000);
  }

  /**
   * Who sent the request, or what to answer instead. Never throws.
   * @param realm a byte string; the subscribers' domain
   * @param source the address that the request came from, for the throttle
   */
  verify(request: SipMessage, kind: AuthKind, realm: string, source: string): MaybePromise<AuthResult> {
    const found = this.#credentials(request, kind, realm);
    if (found === 'none') {
      this.counters.challenged++;
      return this.challenge(kind, realm);
    }
    if (found === 'broken') return this.#malformed('Bad Credentials');
    const algorithm = digestAlgorithm(found.algorithm);
    // An algorithm that was not offered is a downgrade, or a client that cannot do better: it may read the offer again.
    if (algorithm === undefined || !this.#algorithms.includes(algorithm)) {
      this.counters.challenged++;
      return this.challenge(kind, realm);
    }
    const flaw = flawOf(found, request, this.#isOwnHost);
    if (flaw !== undefined) return this.#malformed(flaw);
    const suspect = `${sourceNetwork(source)} ${found.username}`;
    if (!this.#throttle.allows(suspect)) {
      this.counters.throttled++;
      return { ok: false, status: 403, reason: 'Too Many Failed Attempts', headers: [] };
    }
    // A nonce that is none of ours tells nothing about the password, so it is not answered as if it did.
    if (!this.#nonces.isOurs(found.nonce, purposeOf(kind, algorithm, realm))) {
      this.counters.challenged++;
      return this.challenge(kind, realm);
    }
    const judge = (subscriber: Subscriber | undefined): AuthResult => {
      if (!this.#isRight(found, algorithm, request.method, subscriber)) {
        this.counters.wrong++;
        if (this.#throttle.failed(suspect)) this.shutOut?.(suspect);
        return this.challenge(kind, realm);
      }
      if (!this.#nonces.use(found.nonce, Number.parseInt(found.nc, 16))) {
        this.counters.stale++;
        return this.challenge(kind, realm, true);
      }
      this.counters.accepted++;
      return { ok: true, user: found.username, realm };
    };
    return this.#find(found.username, realm, judge);
  }

  /** A source and user have failed too often elsewhere. */
  shut(suspect: string): void {
    this.#throttle.shut(suspect);
  }

  /**
   * A 401 or 407 with one challenge for each algorithm, the strongest first (RFC 8760 §2.4).
   * @param stale whether only the nonce was too old, so that the client need not ask its user again
   */
  challenge(kind: AuthKind, realm: string, stale = false): AuthResult & { ok: false } {
    const header = kind === 'www' ? H.WwwAuthenticate : H.ProxyAuthenticate;
    const headers = this.#algorithms.map((algorithm): HeaderEntry => {
      const nonce = this.#nonces.issue(purposeOf(kind, algorithm, realm));
      const tail = stale ? ', stale=true' : '';
      return [
        header,
        `Digest realm=${quote(realm)}, nonce="${nonce}", algorithm=${algorithm}, qop="auth"${tail}`,
      ];
    });
    return kind === 'www'
      ? { ok: false, status: 401, reason: 'Unauthorized', headers }
      : { ok: false, status: 407, reason: 'Proxy Authentication Required', headers };
  }

  /** The credentials for the realm, those of the strongest algorithm where there are several. */
  #credentials(request: SipMessage, kind: AuthKind, realm: string): DigestCredentials | 'none' | 'broken' {
    const header = kind === 'www' ? H.Authorization : H.ProxyAuthorization;
    let best: DigestCredentials | undefined;
    let broken = false;
    let seen = 0;
    for (let line = request.find(header); line >= 0; line = request.find(header, line + 1)) {
      if (++seen > MOST_CREDENTIALS) break;
      const value = request.valueAt(line);
      if (authScheme(value) !== 'digest') continue;
      const credentials = parseCredentials(value);
      if (credentials === undefined) broken = true;
      else if (credentials.realm === realm && (!best || this.#rank(credentials) < this.#rank(best))) {
        best = credentials;
      }
    }
    return best ?? (broken ? 'broken' : 'none');
  }

  #rank({ algorithm }: DigestCredentials): number {
    const known = digestAlgorithm(algorithm);
    const rank = known === undefined ? -1 : this.#algorithms.indexOf(known);
    return rank < 0 ? this.#algorithms.length : rank;
  }

  #find(
    user: string,
    realm: string,
    judge: (subscriber: Subscriber | undefined) => AuthResult,
  ): MaybePromise<AuthResult> {
    const failed = (error: unknown): AuthResult => {
      this.counters.failed++;
      logLine('error', 'auth', 'the subscriber store failed', { user, realm, error });
      return { ok: false, status: 503, reason: 'Service Unavailable', headers: [[H.RetryAfter, '10']] };
    };
    try {
      const result = whenReady(this.#subscribers.find(user, realm), judge);
      return result instanceof Promise ? result.catch(failed) : result;
    } catch (error) {
      return failed(error);
    }
  }

  /** An unknown user costs what a known one does: a hash that nobody can have is compared instead. */
  #isRight(
    credentials: DigestCredentials,
    algorithm: DigestAlgorithm,
    method: string,
    subscriber: Subscriber | undefined,
  ): boolean {
    const { uri, nonce, nc, cnonce } = credentials;
    const known = subscriber?.ha1[algorithm] ?? '';
    // As long as a true one, for its length takes time too.
    const ha1 = known === '' ? this.#nobody.slice(0, algorithm === 'MD5' ? 32 : 64) : known;
    const expected = Buffer.from(
      computeResponse({ algorithm, ha1, method, uri, nonce, nc, cnonce }),
      'latin1',
    );
    const given = Buffer.from(credentials.response.toLowerCase(), 'latin1');
    if (given.length !== expected.length) return false;
    return timingSafeEqual(given, expected) && known !== '';
  }

  #malformed(reason: string): AuthResult {
    this.counters.malformed++;
    return { ok: false, status: 400, reason, headers: [] };
  }
}

/** What a nonce is good for: one from the challenge of one algorithm does not serve another. */
function purposeOf(kind: AuthKind, algorithm: DigestAlgorithm, realm: string): string {
  return `${kind}:${algorithm}:${realm}`;
}

/** What a client that was offered qop="auth" may not leave out (RFC 7616 §3.4), and the URI that it must sign. */
function flawOf(
  credentials: DigestCredentials,
  request: SipMessage,
  isOwnHost: (host: string) => boolean,
): string | undefined {
  const { username, qop, nc, cnonce, uri } = credentials;
  if (username === '' || username.length > LONGEST_NAME) return 'Bad Credentials: username';
  if (qop.toLowerCase() !== 'auth') return 'Bad Credentials: qop=auth Is Required';
  if (cnonce === '') return 'Bad Credentials: cnonce Is Required';
  if (!isCount(nc)) return 'Bad Credentials: nc Is Required';
  if (!namesRequestUri(uri, request.requestUri, isOwnHost))
    return 'Bad Credentials: uri Differs From Request-URI';
  return undefined;
}

/** Eight hexadecimal digits (RFC 7616 §3.4). */
function isCount(text: string): boolean {
  if (text.length !== 8) return false;
  for (let i = 0; i < 8; i++) {
    const c = text.charCodeAt(i);
    const digit = c >= 0x30 && c <= 0x39;
    if (!digit && !(c >= 0x61 && c <= 0x66) && !(c >= 0x41 && c <= 0x46)) return false;
  }
  return true;
}

/**
 * Whether the credentials were made for this request (RFC 3261 §22.4). Some clients (SIPp among them) sign the server
 * alone, without the user of the Request-URI: that is taken, for it is of use only with a nonce count that was never
 * used. A URI with another user is not: somebody changed whom the request is for.
 */
function namesRequestUri(uri: string, requestUri: string, isOwnHost: (host: string) => boolean): boolean {
  if (uri === requestUri) return true;
  const signed = Uri.parse(uri);
  const asked = Uri.parse(requestUri);
  if (!signed || !asked) return false;
  if (sameUri(signed, asked)) return true;
  if (signed.kind !== 'sip' || signed.user !== undefined) return false;
  return canonicalHost(signed.host) === canonicalHost(asked.host) || isOwnHost(signed.host);
}
