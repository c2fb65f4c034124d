import { describe, expect, it } from 'vitest';
import { address, isTextAt, scanAddress, scanUri, scanValue, uri, value } from './address-scan.ts';

function scanned(text: string): { uri: string; params: string; tag: string | undefined } | undefined {
  const bytes = Buffer.from(text, 'latin1');
  if (!scanAddress(bytes, 0, bytes.length)) return undefined;
  const { uriStart, uriEnd, paramsStart, paramsEnd } = address;
  const found = scanValue(bytes, paramsStart, paramsEnd, 'tag');
  const tag = value.start < 0 ? '' : text.slice(value.start, value.end);
  return {
    uri: text.slice(uriStart, uriEnd),
    params: text.slice(paramsStart, paramsEnd),
    tag: found ? tag : undefined,
  };
}

describe('an address read where it stands', () => {
  it('has a URI and parameters', () => {
    expect(scanned('Alice <sip:a@example.com;lr>;tag=1;x')).toEqual({
      uri: 'sip:a@example.com;lr',
      params: ';tag=1;x',
      tag: '1',
    });
    expect(scanned('"B \\"b\\", <c>" <sip:b@example.com> ; TAG = 2 ;y')).toEqual({
      uri: 'sip:b@example.com',
      params: '; TAG = 2 ;y',
      tag: '2',
    });
    expect(scanned('sip:c@example.com;tag=3')).toEqual({
      uri: 'sip:c@example.com',
      params: ';tag=3',
      tag: '3',
    });
    expect(scanned('<sip:d@example.com>;stag=1;tag')).toEqual({
      uri: 'sip:d@example.com',
      params: ';stag=1;tag',
      tag: '',
    });
  });

  it('tells of a comma outside quotes and brackets', () => {
    scanned('"a, b" <sip:a@example.com;x=1,2>');
    expect(address.hasComma).toBe(false);
    scanned('<sip:a@example.com>;q=1, <sip:b@example.com>');
    expect(address.hasComma).toBe(true);
  });

  it.each([
    '',
    '"a <sip:a@b>',
    '<sip:a@b',
    '<sip:a@b> x',
    'a "b" <sip:a@b>',
    '<sip:a@b>;x="1"',
    'a\r\n <sip:a@b>',
  ])('leaves %j to others', (text) => expect(scanned(text)).toBeUndefined());
});

describe('a URI read where it stands', () => {
  it('has a host, a port and parameters', () => {
    const text = 'sips:a:b@example.com:5061;lr;x=y?h=i';
    expect(scanUri(Buffer.from(text), 0, text.length)).toBe(true);
    expect(text.slice(uri.hostStart, uri.hostEnd)).toBe('example.com');
    expect(text.slice(uri.paramsStart, uri.paramsEnd)).toBe(';lr;x=y');
    expect([uri.secure, uri.port, uri.hasHeaders]).toEqual([true, 5061, true]);
  });

  it.each([
    'SIP:a@b',
    'tel:1',
    'sip:',
    'sip:@b',
    'sip::x@b',
    'sip:a@b@c',
    'sip:a@b:0',
    'sip:a@b:70000',
    'sip:a@b:5060x',
    'sip:a@[2001:db8::1]',
    'sip:a@b..c',
    'sip:a b@c',
  ])('leaves %j to others', (text) => expect(scanUri(Buffer.from(text), 0, text.length)).toBe(false));
});

describe('isTextAt', () => {
  it('compares all of it', () => {
    const bytes = Buffer.from('xabcx');
    expect(isTextAt(bytes, 1, 4, 'abc')).toBe(true);
    expect(isTextAt(bytes, 1, 4, 'abd')).toBe(false);
    expect(isTextAt(bytes, 1, 3, 'abc')).toBe(false);
  });
});
