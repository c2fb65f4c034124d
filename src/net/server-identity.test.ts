import { createPrivateKey, createPublicKey, sign, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bitString, der, integer, objectIdentifier, octetString, sequence, time } from './der.ts';
import { makeSelfSigned } from './self-signed.ts';
import { certificateDomains, isCertificateFor, serverIdentityFault } from './server-identity.ts';

const KEY = makeSelfSigned(['key'], 0).key;

/** A certificate with these alternative names: [tag of RFC 5280 §4.2.1.6, value]; none, without the extension. */
function certificateOf(names: readonly (readonly [number, string])[]): X509Certificate {
  const algorithm = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
  const alternatives = sequence(...names.map(([tag, value]) => der(tag, Buffer.from(value, 'latin1'))));
  const extension = sequence(sequence(objectIdentifier('2.5.29.17'), octetString(alternatives)));
  const name = sequence(
    der(0x31, sequence(objectIdentifier('2.5.4.3'), der(0x0c, Buffer.from('common.example.com')))),
  );
  const signed = sequence(
    der(0xa0, integer(Buffer.of(2))),
    integer(Buffer.of(1)),
    algorithm,
    name,
    sequence(time(0), time(Date.UTC(2040, 0, 1))),
    name,
    createPublicKey(KEY).export({ type: 'spki', format: 'der' }),
    ...(names.length > 0 ? [der(0xa3, extension)] : []),
  );
  const signature = sign('sha256', signed, createPrivateKey(KEY));
  return new X509Certificate(sequence(signed, algorithm, bitString(signature)));
}

const DNS = 0x82;
const URI = 0x86;
const IP = 0x87;

describe('certificateDomains (RFC 5922 §7.1)', () => {
  it.each([
    [[[URI, 'sip:example.com']], ['example.com']],
    [[[URI, 'SIP:Example.com:5061;transport=tls']], ['example.com']],
    [[[URI, 'sip:alice@example.com']], []],
    [[[URI, 'sips:example.com']], []],
    [[[URI, 'https://example.com']], []],
    [[[URI, 'sip:']], []],
    [
      [
        [DNS, 'A.example.com'],
        [URI, 'sip:b.example.com'],
      ],
      ['a.example.com', 'b.example.com'],
    ],
    [[], []],
    // A comma in a name must not make two of it (CVE-2021-44532).
    [[[URI, 'sip:evil.example.net, DNS:example.com']], ['evil.example.net, dns']],
    [[[DNS, 'evil.example.net, DNS:example.com']], ['evil.example.net, dns:example.com']],
    [[[DNS, '"example.com"']], ['"example.com"']],
  ] as [[number, string][], string[]][])('of %j are %j', (names, domains) => {
    expect(certificateDomains(certificateOf(names))).toEqual(domains);
  });
});

describe('isCertificateFor (RFC 5922 §7.2)', () => {
  const certificate = certificateOf([
    [DNS, '*.example.com'],
    [DNS, 'sip.example.org'],
    [IP, '\x0a\x00\x00\x22'],
    [IP, '\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x34'],
  ]);

  it.each([
    ['sip.example.org', true],
    ['SIP.Example.ORG', true],
    ['sip.example.org.', true],
    ['example.org', false],
    ['sip.example.com', false],
    ['common.example.com', false],
    ['10.0.0.34', true],
    ['10.0.0.35', false],
    ['2001:db8::34', true],
    ['[2001:db8:0::34]', true],
  ])('%s: %s', (host, expected) => {
    expect(isCertificateFor(certificate, host)).toBe(expected);
    expect(serverIdentityFault(certificate.raw, host) === undefined).toBe(expected);
  });

  it('takes no common name, even alone', () => {
    expect(isCertificateFor(certificateOf([]), 'common.example.com')).toBe(false);
  });
});
