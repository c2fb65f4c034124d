import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import { SequentialIds } from '../../base/ids.ts';
import { buildRequest, type HeaderEntry } from '../../wire/sip/build.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { paramValue, unquote } from '../../wire/sip/params.ts';
import { parseMessage } from '../../wire/sip/parse.ts';
import { Authenticator, type AuthenticatorOptions, type AuthKind, type AuthResult } from './authenticator.ts';
import { computeHa1, computeResponse, DIGEST_ALGORITHMS } from './digest.ts';
import type { DigestAlgorithm, Subscriber, SubscriberStore } from './subscriber-store.ts';

const REALM = 'example.com';
const URI = 'sip:example.com';
const SOURCE = '198.51.100.7';

function subscriber(user: string, password: string): Subscriber {
  const ha1 = (algorithm: DigestAlgorithm) => computeHa1(algorithm, user, REALM, password);
  return {
    user,
    realm: REALM,
    ha1: { MD5: ha1('MD5'), 'SHA-256': ha1('SHA-256'), 'SHA-512-256': ha1('SHA-512-256') },
  };
}

const alice = subscriber('alice', 'wonderland');
const store: SubscriberStore = {
  find: (user, realm) => (user === 'alice' && realm === REALM ? alice : undefined),
};

let clock: FakeClock;
let authenticator: Authenticator;

function make(options: Partial<AuthenticatorOptions> = {}): Authenticator {
  return new Authenticator({
    subscribers: store,
    key: Buffer.alloc(32, 1),
    clock,
    ids: new SequentialIds(),
    ...options,
  });
}

beforeEach(() => {
  clock = new FakeClock();
  authenticator = make();
});

function request(headers: readonly HeaderEntry[], method = 'REGISTER', requestUri = URI): SipMessage {
  const parsed = parseMessage(buildRequest({ method, requestUri, headers }));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

function verify(headers: readonly HeaderEntry[], kind: AuthKind = 'www', source = SOURCE): AuthResult {
  const result = authenticator.verify(request(headers), kind, REALM, source);
  if (result instanceof Promise) throw new Error('the store answers at once');
  return result;
}

/** The challenges of an answer, by algorithm. */
function challenges(result: AuthResult): Record<string, { nonce: string; stale: boolean }> {
  if (result.ok) throw new Error('not challenged');
  return Object.fromEntries(
    result.headers.map(([, value]) => {
      const params = `;${value.slice('Digest '.length).replaceAll(', ', ';')}`;
      const param = (name: string) => unquote(paramValue(params, name) ?? '');
      return [param('algorithm'), { nonce: param('nonce'), stale: param('stale') === 'true' }];
    }),
  );
}

interface Login {
  readonly user?: string;
  readonly password?: string;
  readonly algorithm?: DigestAlgorithm;
  readonly nonce: string;
  readonly nc?: string;
  readonly uri?: string;
  /** Instead of what would be written; '' leaves the parameter out. */
  readonly change?: Readonly<Record<string, string>>;
}

function credentials(login: Login, header: number = H.Authorization): HeaderEntry {
  const { user = 'alice', password = 'wonderland', algorithm = 'SHA-256', nonce, nc = '00000001' } = login;
  const uri = login.uri ?? URI;
  const ha1 = computeHa1(algorithm, user, REALM, password);
  const response = computeResponse({ algorithm, ha1, method: 'REGISTER', uri, nonce, nc, cnonce: 'xyz' });
  const params: Record<string, string> = {
    username: `"${user}"`,
    realm: `"${REALM}"`,
    nonce: `"${nonce}"`,
    uri: `"${uri}"`,
    response: `"${response}"`,
    algorithm,
    cnonce: '"xyz"',
    qop: 'auth',
    nc,
    ...login.change,
  };
  const written = Object.entries(params).filter(([, value]) => value !== '');
  return [header, `Digest ${written.map(([name, value]) => `${name}=${value}`).join(', ')}`];
}

function nonceOf(algorithm: DigestAlgorithm, kind: AuthKind = 'www'): string {
  return challenges(verify([], kind))[algorithm]!.nonce;
}

describe('a challenge', () => {
  it('offers every algorithm, the strongest first (RFC 8760 §2.4)', () => {
    const result = verify([]);
    expect(result).toMatchObject({ ok: false, status: 401, reason: 'Unauthorized' });
    expect(!result.ok && result.headers.map(([header]) => header)).toEqual(Array(3).fill(H.WwwAuthenticate));
    expect(Object.keys(challenges(result))).toEqual(['SHA-512-256', 'SHA-256', 'MD5']);
    expect(!result.ok && result.headers[2]![1]).toMatch(
      /^Digest realm="example\.com", nonce="[\w-]{40}", algorithm=MD5, qop="auth"$/,
    );
  });

  it('of a proxy is a 407', () => {
    const result = verify([], 'proxy');
    expect(result).toMatchObject({ status: 407, reason: 'Proxy Authentication Required' });
    expect(!result.ok && result.headers[0]![0]).toBe(H.ProxyAuthenticate);
  });

  it('answers credentials of another scheme or realm, as RFC 4475 §3.3.7 wants', () => {
    expect(verify([[H.Authorization, 'NoOneKnowsThisScheme opaque-data=here']]).ok).toBe(false);
    const other: HeaderEntry = [H.Authorization, 'Digest username="a", realm="elsewhere.example"'];
    expect(verify([other])).toMatchObject({ status: 401 });
  });
});

describe('credentials', () => {
  it.each(DIGEST_ALGORITHMS)('with %s are accepted', (algorithm) => {
    const login = { algorithm, nonce: nonceOf(algorithm) };
    expect(verify([credentials(login)])).toEqual({ ok: true, user: 'alice', realm: REALM });
  });

  it('for a proxy stand in Proxy-Authorization', () => {
    const nonce = nonceOf('MD5', 'proxy');
    const login = credentials({ algorithm: 'MD5', nonce }, H.ProxyAuthorization);
    expect(verify([login], 'proxy').ok).toBe(true);
    expect(verify([credentials({ algorithm: 'MD5', nonce })], 'proxy')).toMatchObject({ status: 407 });
  });

  it('are found among others, the strongest of them', () => {
    const other: HeaderEntry = [H.Authorization, 'Digest username="a", realm="elsewhere.example"'];
    const md5 = credentials({ algorithm: 'MD5', nonce: nonceOf('MD5'), password: 'wrong' });
    const sha = credentials({ nonce: nonceOf('SHA-256') });
    expect(verify([other, [H.Authorization, 'Digest broken'], md5, sha]).ok).toBe(true);
  });

  it('without algorithm are MD5', () => {
    const login = { algorithm: 'MD5', nonce: nonceOf('MD5'), change: { algorithm: '' } } as const;
    expect(verify([credentials(login)]).ok).toBe(true);
  });

  it('name the Request-URI in any equal spelling', () => {
    const login = { nonce: nonceOf('SHA-256'), uri: 'sip:EXAMPLE.com' };
    expect(verify([credentials(login)]).ok).toBe(true);
  });

  it('may name the server alone, as SIPp does', () => {
    const request = (uri: string) => ({ nonce: nonceOf('SHA-256'), uri });
    expect(verify([credentials(request('sip:example.com:5060'))]).ok).toBe(true);
    expect(verify([credentials(request('sip:bob@example.com'))])).toMatchObject({ status: 400 });
  });

  it.each([
    ['a wrong password', { password: 'wrong' }],
    ['an unknown user', { user: 'mallory' }],
    ['a response of another length', { change: { response: '"abc"' } }],
    ['a response that is no hex', { change: { response: `"${'\u00e9'.repeat(64)}"` } }],
    ['no response', { change: { response: '' } }],
  ])('with %s are challenged again, not as stale', (_name, login) => {
    const result = verify([credentials({ nonce: nonceOf('SHA-256'), ...login })]);
    expect(result).toMatchObject({ status: 401 });
    expect(challenges(result)['SHA-256']!.stale).toBe(false);
  });

  // Digest helpers in the field took qop=auth without nc and cnonce, which takes the replay protection away.
  it.each([
    ['qop', { qop: '' }],
    ['nc', { nc: '' }],
    ['cnonce', { cnonce: '' }],
    ['qop=auth', { qop: 'auth-int' }],
    ['an nc of eight digits', { nc: '1' }],
    ['an nc of hex digits', { nc: '0000000g' }],
    ['a username', { username: '""' }],
    ['the Request-URI', { uri: '"sip:other.example.com"' }],
    ['a uri', { uri: '' }],
  ])('without %s are refused', (_name, change) => {
    expect(verify([credentials({ nonce: nonceOf('SHA-256'), change })])).toMatchObject({ status: 400 });
  });

  it('that are broken are refused', () => {
    expect(verify([[H.Authorization, 'Digest username="a']])).toMatchObject({ status: 400 });
  });
});

describe('a downgrade', () => {
  it('to an algorithm that is not offered is refused', () => {
    const md5 = nonceOf('MD5');
    authenticator = make({ algorithms: ['SHA-256', 'SHA-512-256'] });
    expect(verify([credentials({ algorithm: 'MD5', nonce: md5 })])).toMatchObject({ status: 401 });
    expect(Object.keys(challenges(verify([])))).toEqual(['SHA-512-256', 'SHA-256']);
  });

  it('by a changed challenge is refused: a nonce serves the algorithm that it was offered with', () => {
    const login = credentials({ algorithm: 'MD5', nonce: nonceOf('SHA-256') });
    expect(verify([login])).toMatchObject({ status: 401 });
  });

  it('to -sess, which is not offered, is refused', () => {
    const login = { nonce: nonceOf('SHA-256'), change: { algorithm: 'SHA-256-sess' } };
    expect(verify([credentials(login)])).toMatchObject({ status: 401 });
  });
});

describe('a replay', () => {
  it('is challenged as stale, and a higher count is accepted', () => {
    const nonce = nonceOf('SHA-256');
    expect(verify([credentials({ nonce })]).ok).toBe(true);
    const again = verify([credentials({ nonce })]);
    expect(challenges(again)['SHA-256']!.stale).toBe(true);
    expect(verify([credentials({ nonce, nc: '0000000A' })]).ok).toBe(true);
    expect(verify([credentials({ nonce, nc: '00000002' })]).ok).toBe(false);
  });

  it('of two that wait for the store is accepted once', async () => {
    authenticator = make({ subscribers: { find: async () => alice } });
    const challenge = await authenticator.verify(request([]), 'www', REALM, SOURCE);
    const login = request([credentials({ nonce: challenges(challenge)['SHA-256']!.nonce })]);
    const both = [1, 2].map(() => authenticator.verify(login, 'www', REALM, SOURCE));
    expect((await Promise.all(both)).map(({ ok }) => ok)).toEqual([true, false]);
  });

  it('after the time of the nonce is stale with the right password only', () => {
    const nonce = nonceOf('SHA-256');
    clock.advance(301_000);
    expect(challenges(verify([credentials({ nonce })]))['SHA-256']!.stale).toBe(true);
    const wrong = verify([credentials({ nonce, password: 'wrong' })]);
    expect(challenges(wrong)['SHA-256']!.stale).toBe(false);
  });

  it('with a nonce of somebody else tells nothing of the password', () => {
    const result = verify([credentials({ nonce: 'A'.repeat(40) })]);
    expect(challenges(result)['SHA-256']!.stale).toBe(false);
    expect(authenticator.counters.wrong).toBe(0);
  });
});

describe('guessing', () => {
  it('is slowed down for one source and user, and forgiven with time', () => {
    authenticator = make({ failureBurst: 3, failureEveryMs: 1000 });
    const nonce = nonceOf('SHA-256');
    const wrong = [credentials({ nonce, password: 'wrong' })];
    expect([1, 2, 3, 4].map(() => verify(wrong)).map((it) => !it.ok && it.status)).toEqual([
      401, 401, 401, 403,
    ]);
    const right = (nc: string) => [credentials({ nonce, nc })];
    expect(verify(right('00000001'))).toMatchObject({ status: 403 });
    expect(verify(right('00000001'), 'www', '203.0.113.9').ok).toBe(true);
    clock.advance(1001);
    expect(verify(right('00000002')).ok).toBe(true);
  });
});

it('a store that fails gives 503', async () => {
  const failing = [
    () => {
      throw new Error('locked');
    },
    () => Promise.reject(new Error('gone')),
  ];
  for (const find of failing) {
    authenticator = make({ subscribers: { find } });
    const login = request([credentials({ nonce: nonceOf('SHA-256') })]);
    expect(await authenticator.verify(login, 'www', REALM, SOURCE)).toMatchObject({ ok: false, status: 503 });
  }
});
