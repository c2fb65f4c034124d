import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHostPort } from './host-port.ts';
import { Uri } from './uri.ts';

describe('Uri.parse', () => {
  it('takes a SIP URI apart', () => {
    const uri = Uri.parse('SIPS:alice;x=%40:pa:ss@Example.com:5061;Transport=tcp;lr?Subject=a&b=c')!;
    expect(uri).toMatchObject({
      kind: 'sip',
      scheme: 'sips',
      user: 'alice;x=%40',
      password: 'pa:ss',
      host: 'Example.com',
      port: 5061,
      params: ';Transport=tcp;lr',
      headers: '?Subject=a&b=c',
    });
    expect(uri.param('transport')).toBe('tcp');
    expect(uri.param('LR')).toBe('');
    expect(uri.param('maddr')).toBeUndefined();
  });

  it.each([
    ['sip:example.com', undefined, 'example.com', undefined],
    ['sip:[2001:db8::10]', undefined, '2001:db8::10', undefined],
    ['sip:a@[2001:db8::10]:5070;lr', 'a', '2001:db8::10', 5070],
    ['sip:[2001:db8::10:5070]', undefined, '2001:db8::10:5070', undefined],
    ['sip:user;par=u%40example.net@example.com', 'user;par=u%40example.net', 'example.com', undefined],
    ['sip:a/b?c@example.com', 'a/b?c', 'example.com', undefined],
    ['sip:j\xfcrgen@example.com', 'j\xfcrgen', 'example.com', undefined],
    ['sip:a@under_score.example.com', 'a', 'under_score.example.com', undefined],
  ])('reads %s', (text, user, host, port) => {
    const uri = Uri.parse(text)!;
    expect([uri.user, uri.host, uri.port, uri.toString()]).toEqual([user, host, port, text]);
  });

  it.each([
    '',
    'sip',
    ':a',
    'sip:',
    'sip:@example.com',
    'sip::secret@example.com',
    'sip:a@',
    'sip:a@b@c',
    'sip:a@b:',
    'sip:a@.',
    'sip:a@b..c',
    'sip:a@b:0',
    'sip:a@b:65536',
    'sip:a@b:5o60',
    'sip:2001:db8::10',
    'sip:[2001:db8::10',
    'sip:[example.com]',
    'sip:[fe80::1%25eth0]',
    'sip:[::1]x',
    'sip:a b@c',
    'sip:a@b;x=\r\n',
    'sip:a@b;x=\0',
    '<sip:a@b>',
    'sip:a@b;x="y"',
    'sip:a@b\xff',
    'tel:',
    'tel:;x=1',
    'urn:',
    'a/b:c',
  ])('refuses %j', (text) => {
    expect(Uri.parse(text)).toBeUndefined();
  });

  it('takes a telephone number apart and keeps other schemes whole', () => {
    const tel = Uri.parse('tel:7042;phone-context=example.com')!;
    expect([tel.kind, tel.user, tel.param('phone-context')]).toEqual(['tel', '7042', 'example.com']);
    const urn = Uri.parse('urn:service:sos;x=1')!;
    expect([urn.kind, urn.scheme, urn.param('x'), urn.toString()]).toEqual([
      'other',
      'urn',
      undefined,
      'urn:service:sos;x=1',
    ]);
  });

  it('prints what it read', () => {
    const piece = fc.constantFrom(
      'sip:',
      'tel:',
      'a',
      '@',
      ':',
      ';',
      '=',
      '?',
      '&',
      '[::1]',
      '5060',
      '%40',
      '.',
      '\xe9',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = `sip:${pieces.join('')}`;
        const uri = Uri.parse(text);
        if (!uri) return;
        expect(uri.toString()).toBe(text);
        const { user, password, host, port, params, headers } = uri;
        expect(Uri.sip({ user, password, host, port, params, headers }).toString()).toBe(
          port === undefined ? text : text.replace(/:0+(?=[1-9])/, ':'),
        );
      }),
    );
  });
});

describe('Uri', () => {
  it('changes one part and keeps the others as written', () => {
    const uri = Uri.parse('sip:Al%69ce@Example.com;a;transport=udp?x=y')!;
    expect(uri.with({ host: '2001:db8::1', port: 5070 }).toString()).toBe(
      'sip:Al%69ce@[2001:db8::1]:5070;a;transport=udp?x=y',
    );
    expect(uri.with({ user: undefined }).toString()).toBe('sip:Example.com;a;transport=udp?x=y');
    expect(uri.withParam('transport', 'tcp').withParam('lr', undefined).withoutParam('a').params).toBe(
      ';transport=tcp;lr',
    );
    expect(uri.toString()).toBe('sip:Al%69ce@Example.com;a;transport=udp?x=y');
  });

  it('is made of parts', () => {
    expect(Uri.sip({ host: '192.0.2.1' }).toString()).toBe('sip:192.0.2.1');
    expect(Uri.sip({ scheme: 'sips', user: 'a', host: '[::1]', port: 1, params: ';lr' }).toString()).toBe(
      'sips:a@[::1]:1;lr',
    );
  });
});

describe('parseHostPort', () => {
  it('takes both apart', () => {
    expect(parseHostPort('[::1]:5060')).toEqual({ host: '::1', port: 5060 });
    expect(parseHostPort('example.com')).toEqual({ host: 'example.com', port: undefined });
    for (const text of ['', ':5060', '[]', '[1]', 'a:b', 'a/b', 'a,b'])
      expect(parseHostPort(text)).toBeUndefined();
  });
});
