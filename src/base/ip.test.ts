import { describe, expect, it } from 'vitest';
import { bracket, Cidr, canonicalHost, formatHostPort, ipFamily, sourceNetwork, unbracket } from './ip.ts';

describe('ipFamily', () => {
  it.each([
    ['10.0.0.34', 4],
    ['255.255.255.255', 4],
    ['2001:db8::1', 6],
    ['[2001:db8::1]', 6],
    ['::ffff:10.0.0.1', 6],
    ['0.0.0.0', 4],
    ['10.0.0', 0],
    ['10.0.0.', 0],
    ['.10.0.0.1', 0],
    ['10..0.1', 0],
    ['1.2.3.4.5', 0],
    ['10.0.0.01', 0],
    ['10.0.0.-1', 0],
    ['12345678', 0],
    ['10.0.0.256', 0],
    ['010.0.0.1.example', 0],
    ['example.com', 0],
    ['sip1', 0],
    ['', 0],
    ['[example]', 0],
  ])('%s is %d', (text, family) => {
    expect(ipFamily(text)).toBe(family);
  });
});

describe('canonicalHost', () => {
  it.each([
    ['Example.COM', 'example.com'],
    ['example.com.', 'example.com'],
    ['[2001:DB8:0:0:0:0:0:1]', '2001:db8::1'],
    ['2001:db8::0001', '2001:db8::1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['10.0.0.1', '10.0.0.1'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalHost(text)).toBe(canonical);
  });
});

describe('a source', () => {
  it.each([
    ['203.0.113.1', '203.0.113.1'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1::4:5:6:7:8', '1:0:0:4::/64'],
    ['::', '0:0:0:0::/64'],
  ])('of %s is %s', (address, network) => {
    expect(sourceNetwork(address)).toBe(network);
  });
});

describe('brackets', () => {
  it('stand round IPv6 only, and once', () => {
    expect(bracket('2001:db8::1')).toBe('[2001:db8::1]');
    expect(bracket('[2001:db8::1]')).toBe('[2001:db8::1]');
    expect(bracket('10.0.0.1')).toBe('10.0.0.1');
    expect(unbracket('[2001:db8::1]')).toBe('2001:db8::1');
    expect(unbracket('example.com')).toBe('example.com');
    expect(formatHostPort('2001:db8::1', 5060)).toBe('[2001:db8::1]:5060');
    expect(formatHostPort('example.com')).toBe('example.com');
  });
});

describe('Cidr', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.34', '10.0.0.34', true],
    ['10.0.0.34', '10.0.0.35', false],
    ['0.0.0.0/0', '99.88.44.33', true],
    ['2001:db8::/32', '[2001:db8:1::1]', true],
    ['2001:db8::/32', '10.0.0.1', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', 'example.com', false],
  ])('%s holds %s: %s', (network, address, holds) => {
    expect(Cidr.parse(network)?.contains(address)).toBe(holds);
  });

  it.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0/8', 'example.com', '2001:db8::/129', '10.0.0.0/-1'])(
    '%s is no network',
    (text) => {
      expect(Cidr.parse(text)).toBeUndefined();
    },
  );
});
