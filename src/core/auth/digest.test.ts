import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quote } from '../../wire/sip/params.ts';
import { toByteString } from '../../wire/sip/text.ts';
import { authScheme, computeHa1, computeResponse, digestAlgorithm, parseCredentials } from './digest.ts';
import type { DigestAlgorithm } from './subscriber-store.ts';

interface Vector {
  readonly source: string;
  readonly algorithm: DigestAlgorithm;
  readonly user: string;
  readonly realm: string;
  readonly password: string;
  readonly uri: string;
  readonly nonce: string;
  readonly cnonce: string;
  readonly response: string;
}

const RFC7616 = {
  user: 'Mufasa',
  realm: 'http-auth@example.org',
  password: 'Circle of Life',
  uri: '/dir/index.html',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
};

/** All with method GET, nc 00000001, qop auth. */
const VECTORS: readonly Vector[] = [
  {
    source: 'RFC 2617 §3.5',
    algorithm: 'MD5',
    user: 'Mufasa',
    realm: 'testrealm@host.com',
    password: 'Circle Of Life',
    uri: '/dir/index.html',
    nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
    cnonce: '0a4f113b',
    response: '6629fae49393a05397450978507c4ef1',
  },
  {
    source: 'RFC 7616 §3.9.1',
    algorithm: 'MD5',
    ...RFC7616,
    response: '8ca523f5e9506fed4657c9700eebdbec',
  },
  {
    source: 'RFC 7616 §3.9.1',
    algorithm: 'SHA-256',
    ...RFC7616,
    response: '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
  },
  {
    source: 'RFC 7616 §3.9.2 with erratum 4897',
    algorithm: 'SHA-512-256',
    user: 'J\u00e4s\u00f8n Doe',
    realm: 'api@example.org',
    password: 'Secret, or not?',
    uri: '/doe.json',
    nonce: '5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK',
    cnonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v',
    response: '3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5',
  },
];

describe('a digest response', () => {
  it.each(VECTORS)('is that of $source, $algorithm', (vector) => {
    const { algorithm, uri, nonce, cnonce } = vector;
    const ha1 = computeHa1(algorithm, toByteString(vector.user), vector.realm, vector.password);
    const input = { algorithm, ha1, method: 'GET', uri, nonce, nc: '00000001', cnonce };
    expect(computeResponse(input)).toBe(vector.response);
  });
});

describe('credentials', () => {
  it('are read as RFC 3261 §20.7 writes them', () => {
    const text =
      'Digest username="Alice", realm="atlanta.com",\tnonce="84a4cc6f3082121f32b42a2187831a9e",' +
      ' response="7587245234b3434cc3412213e5f113a5432"';
    expect(parseCredentials(text)).toEqual({
      username: 'Alice',
      realm: 'atlanta.com',
      nonce: '84a4cc6f3082121f32b42a2187831a9e',
      uri: '',
      response: '7587245234b3434cc3412213e5f113a5432',
      algorithm: '',
      qop: '',
      nc: '',
      cnonce: '',
    });
  });

  it('may have quotes, commas and blanks in odd places', () => {
    const text = 'dIGEST  , USERNAME = "a, \\"b\\" = c" ,, nc=00000001,qop="auth" ,realm=""';
    expect(parseCredentials(text)).toMatchObject({
      username: 'a, "b" = c',
      nc: '00000001',
      qop: 'auth',
      realm: '',
    });
  });

  it.each([
    ['another scheme', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='],
    ['a parameter twice', 'Digest nonce="a", nonce="b"'],
    ['a parameter without a value', 'Digest username'],
    ['a name that is none', 'Digest user name="a"'],
    ['an open quote', 'Digest username="a'],
    ['an open quote that ends in an escape', 'Digest username="a\\"'],
    ['a quote alone', 'Digest username="'],
    ['something behind a quoted value', 'Digest username="a"b, realm="c"'],
    ['no name', 'Digest ="a"'],
  ])('are refused with %s', (_name, text) => {
    expect(parseCredentials(text)).toBeUndefined();
  });

  it('come back as they were written, whatever the names hold', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(text, text, (username, realm) => {
        const value = `Digest username=${quote(username)}, nc=1,realm=${quote(realm)}`;
        expect(parseCredentials(value)).toMatchObject({ username, realm, nc: '1' });
      }),
    );
  });

  it('of any bytes are read or refused, never thrown at', () => {
    const piece = fc.oneof(fc.constantFrom('"', '\\', ',', '=', ' ', 'nc', 'Digest '), fc.string());
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const found = parseCredentials(`Digest ${pieces.join('')}`);
        expect(found === undefined || typeof found.username === 'string').toBe(true);
      }),
    );
  });

  it('with the name of a built-in property are only text', () => {
    expect(parseCredentials('Digest __proto__="a", constructor="b"')).toMatchObject({ username: '' });
  });
});

it('a scheme is the first word', () => {
  expect(['Digest a=b', 'NTLM', ''].map(authScheme)).toEqual(['digest', 'ntlm', '']);
});

it('an algorithm is known in any case, and is MD5 where none is named', () => {
  expect(['sha-256', 'MD5', '', 'MD5-sess', 'SHA-512'].map(digestAlgorithm)).toEqual([
    'SHA-256',
    'MD5',
    'MD5',
    undefined,
    undefined,
  ]);
});
