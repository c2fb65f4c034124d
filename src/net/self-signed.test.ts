import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeSelfSigned } from './self-signed.ts';

const NOW = Date.UTC(2026, 10, 23);

describe('makeSelfSigned', () => {
  it('makes a certificate that verifies, for names and addresses of both families', () => {
    const { certificate, key } = makeSelfSigned(['sip.example.com', '10.0.0.34', '2001:db8::34'], NOW);
    const read = new X509Certificate(certificate);
    expect(read.verify(read.publicKey)).toBe(true);
    expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(read.checkIssued(read)).toBe(true);
    expect(read.subject).toBe('CN=sip.example.com');
    expect(read.subjectAltName).toBe(
      'DNS:sip.example.com, URI:sip:sip.example.com, IP Address:10.0.0.34, IP Address:2001:DB8:0:0:0:0:0:34',
    );
    expect(read.validFromDate.getTime()).toBeLessThan(NOW);
    expect(read.validToDate.getTime()).toBe(NOW + 820 * 86_400_000);
    expect(read.checkHost('sip.example.com')).toBe('sip.example.com');
    expect(read.checkIP('10.0.0.34')).toBe('10.0.0.34');
  });

  it('makes another each time, and takes long names', () => {
    const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.example.com`;
    const serials = [1, 2].map(
      () => new X509Certificate(makeSelfSigned([long], NOW).certificate).serialNumber,
    );
    expect(serials[0]).not.toBe(serials[1]);
  });
});
