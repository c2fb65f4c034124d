import { describe, expect, it } from 'vitest';
import { addressOfRecord } from './address-of-record.ts';
import { Uri } from './uri.ts';

describe('addressOfRecord', () => {
  it.each([
    ['sip:alice@example.com', 'sip:alice@example.com'],
    ['SIP:%61lice:secret@Example.COM.;user=phone;transport=tcp?Subject=x', 'sip:alice@example.com'],
    ['sips:alice@example.com:5061', 'sip:alice@example.com'],
    ['sip:alice@example.com:5060', 'sip:alice@example.com'],
    ['sip:alice@example.com:5061', 'sip:alice@example.com:5061'],
    ['sip:Alice@example.com', 'sip:Alice@example.com'],
    ['sip:alice@[2001:DB8:0::1]:5070', 'sip:alice@[2001:db8::1]:5070'],
    ['sip:example.com', 'sip:example.com'],
    ['sip:sips%3auser%40example.com@example.net', 'sip:sips%3Auser%40example.com@example.net'],
    ['sip:a%2fb@example.net', 'sip:a/b@example.net'],
    ['sip:null-%00-null@example.com', 'sip:null-%00-null@example.com'],
    ['sip:j\xc3\xbcrgen@example.com', 'sip:j%C3%BCrgen@example.com'],
    ['tel:+1-555-0100;ext=3', 'tel:+15550100'],
    ['tel:0100;phone-context=Example.com', 'tel:0100;phone-context=example.com'],
    ['URN:service:sos', 'urn:service:sos'],
  ])('%s is %s', (text, canonical) => {
    expect(addressOfRecord(Uri.parse(text)!)).toBe(canonical);
  });

  it('is a URI with the same address-of-record', () => {
    for (const text of ['sip:a%20b%2f@example.com', 'sips:x@[::1]:99', 'tel:7042;phone-context=a.com']) {
      const canonical = addressOfRecord(Uri.parse(text)!);
      expect(addressOfRecord(Uri.parse(canonical)!)).toBe(canonical);
    }
  });
});
