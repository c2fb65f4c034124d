import { describe, expect, it } from 'vitest';
import { isBroadcast, responseHost } from './response-address.ts';
import { Via, viaText } from './via.ts';

describe('Via.parse', () => {
  it.each([
    ['SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKa', 'UDP', '192.0.2.1', 5070, 'z9hG4bKa'],
    ['SIP/2.0/TCP host.example.com', 'TCP', 'host.example.com', undefined, ''],
    ['SIP / 2.0 / UNKNOWN  h : 5060 ; branch = b', 'UNKNOWN', 'h', 5060, 'b'],
    ['sip/2.0/udp [2001:db8::9:1]:6050;branch=b', 'udp', '2001:db8::9:1', 6050, 'b'],
    ['SIP/2.0/UDP [::ffff:192.0.2.2] ;branch=b', 'UDP', '::ffff:192.0.2.2', undefined, 'b'],
    ['SIP/2.0/WSS df7jal23ls0d.invalid;rport;branch=b', 'WSS', 'df7jal23ls0d.invalid', undefined, 'b'],
  ])('reads %j', (text, transport, host, port, branch) => {
    const via = Via.parse(text)!;
    expect([via.transport, via.host, via.port, via.branch]).toEqual([transport, host, port, branch]);
    expect(via.toString()).toBe(text);
  });

  it.each([
    '',
    'SIP/2.0/UDP',
    'SIP/2.0 192.0.2.1',
    'SIP/3.0/UDP a',
    'HTTP/2.0/UDP a',
    'SIP/2.0/UDP a:0',
    'SIP/2.0/UDP a:70000',
    'SIP/2.0/UDP a 5060',
    'SIP/2.0/UDP 2001:db8::1',
    'SIP/2.0/U@P a',
    'SIP/2.0/UDP;branch=b',
    ';;',
    'SIP/2.0/UDP a;x="open;branch=b',
  ])('refuses %j', (text) => {
    expect(Via.parse(text)).toBeUndefined();
  });

  it('tells rport asked for from rport filled in', () => {
    expect(Via.parse('SIP/2.0/UDP a;rport')?.rport).toBe('');
    expect(Via.parse('SIP/2.0/UDP a;rport=1;RPORT=2')?.rport).toBe('1');
    expect(Via.parse('SIP/2.0/UDP a')?.rport).toBeUndefined();
  });

  it('takes received with and without brackets (RFC 5118 §4.5)', () => {
    for (const received of ['[2001:db8::9:255]', '2001:db8::9:255']) {
      expect(Via.parse(`SIP/2.0/UDP [2001:db8::9:1];received=${received}`)?.received).toBe('2001:db8::9:255');
    }
  });
});

describe('Via.withSource', () => {
  it('adds what the sender did not know, and believes nothing that it wrote of that', () => {
    const via = Via.parse('SIP/2.0/UDP a ;rport;received=1.1.1.1;branch=b;Received=2.2.2.2;x')!;
    expect(via.withSource('192.0.2.1', 5070)).toBe('SIP/2.0/UDP a ;branch=b;x;received=192.0.2.1;rport=5070');
    expect(via.withSource(undefined, undefined)).toBe(via.toString());
  });

  it('keeps what is written behind a parameter out of the sent-by', () => {
    const via = Via.parse('SIP/2.0/UDP a;received junk;branch=b')!;
    expect(via.withSource('192.0.2.1', undefined)).toBe('SIP/2.0/UDP a;branch=b;received=192.0.2.1');
  });
});

describe('viaText', () => {
  it('writes a Via', () => {
    expect(viaText('udp', '[::1]:5060', 'z9hG4bKx', ';rport')).toBe(
      'SIP/2.0/UDP [::1]:5060;branch=z9hG4bKx;rport',
    );
  });
});

describe('responseHost and isBroadcast', () => {
  it('follow RFC 3261 §18.2.2', () => {
    const at = (text: string) => responseHost(Via.parse(`SIP/2.0/UDP a${text}`)!);
    expect([at(''), at(';received=b'), at(';received=b;maddr=c')]).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['255.255.255.255', true],
    ['239.255.255.255', true],
    ['[ff0e::1]', true],
    ['[::]', true],
    ['223.255.255.255', false],
    ['240.0.0.1', false],
    ['[2001:db8::1]', false],
    ['230.example.com', false],
  ])('%s: %s', (host, expected) => {
    expect(isBroadcast(Via.parse(`SIP/2.0/UDP ${host}`)!)).toBe(expected);
  });
});
