import { describe, expect, it } from 'vitest';
import { Cidr } from '../base/ip.ts';
import { type Interfaces, Networks } from './networks.ts';

const cidr = (text: string): Cidr => Cidr.parse(text)!;

const interfaces = {
  eth0: [{ address: '10.0.0.34', cidr: '10.0.0.34/24', family: 'IPv4' }],
  eth1: [{ address: '203.0.113.5', cidr: '203.0.113.5/28', family: 'IPv4' }],
  down: undefined,
  odd: [{ address: '192.0.2.1', cidr: null, family: 'IPv4' }],
} as unknown as Interfaces;

describe('Networks', () => {
  it('takes private ranges, loopback and the subnets of the machine for inside', () => {
    const networks = new Networks({ interfaces });
    for (const address of [
      '10.9.9.9',
      '172.31.0.1',
      '192.168.1.1',
      '100.64.0.1',
      '127.0.0.1',
      '::1',
      '[fd00::1]',
    ]) {
      expect(networks.isInside(address), address).toBe(true);
    }
    expect(networks.isInside('203.0.113.6')).toBe(true);
    for (const address of [
      '203.0.113.77',
      '99.88.44.33',
      '172.32.0.1',
      '2001:db8::1',
      'sip.example.com',
      '',
    ]) {
      expect(networks.isInside(address), address).toBe(false);
    }
  });

  it('knows an IPv4 address written as IPv6', () => {
    expect(new Networks().isInside('::ffff:10.0.0.1')).toBe(true);
  });

  it('has no inside where an empty list is configured', () => {
    const networks = new Networks({ inside: [], interfaces });
    expect(networks.isInside('10.0.0.1')).toBe(false);
    expect(networks.isInside('203.0.113.6')).toBe(false);
  });

  it('takes only what is configured', () => {
    const networks = new Networks({ inside: [cidr('10.1.0.0/16')], interfaces });
    expect(networks.isInside('10.1.2.3')).toBe(true);
    expect(networks.isInside('10.2.2.3')).toBe(false);
  });

  it.each([
    ['10.0.0.34', true],
    ['fd00::34', true],
    ['127.0.0.1', false],
    ['::1', false],
    ['99.88.44.33', false],
    ['203.0.113.5', false],
  ])('a listener on %s has an inside: %s', (bound, has) => {
    expect(new Networks({ interfaces }).hasInside(bound)).toBe(has);
  });

  it('gives a public listener an inside where the configuration names its network', () => {
    expect(new Networks({ inside: [cidr('203.0.113.0/24')] }).hasInside('203.0.113.5')).toBe(true);
  });

  it('picks the rule with the longest prefix, then the first', () => {
    const rules = [
      { network: cidr('10.0.0.0/8'), as: { host: 'a.example.com' } },
      { network: cidr('10.1.0.0/16'), as: { host: 'b.example.com' } },
      { network: cidr('10.1.0.0/16'), as: { host: 'c.example.com' } },
      { network: cidr('0.0.0.0/0'), as: 'bound' as const },
    ];
    const networks = new Networks({ rules });
    expect(networks.classOf('10.1.2.3').rule?.as).toEqual({ host: 'b.example.com' });
    expect(networks.classOf('10.2.2.3').rule?.as).toEqual({ host: 'a.example.com' });
    expect(networks.classOf('8.8.8.8').rule?.as).toBe('bound');
    expect(networks.classOf('2001:db8::1').rule).toBeUndefined();
    expect(networks.classOf(undefined).rule).toBeUndefined();
  });

  it('gives one object for one class, however many destinations come by', () => {
    const networks = new Networks();
    const first = networks.classOf('99.0.0.1');
    for (let i = 0; i < 20_000; i++) expect(networks.classOf(`99.0.${i >> 8}.${i & 255}`)).toBe(first);
    expect(networks.classOf('10.0.0.1')).toBe(networks.classOf('10.255.0.1'));
  });
});
