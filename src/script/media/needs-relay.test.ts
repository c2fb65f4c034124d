import { describe, expect, it } from 'vitest';
import { Networks } from '../../advertise/networks.ts';
import type { Target } from '../../core/proxy/target.ts';
import { described } from './described.ts';
import { addressOf, type Callee, needsRelay } from './needs-relay.ts';

function target(uri: string, parts: Partial<Target> = {}): Target {
  return {
    uri,
    route: [],
    q: 1000,
    source: undefined,
    listener: undefined,
    connectionId: 0,
    instance: '',
    ...parts,
  };
}

describe('addressOf', () => {
  it.each<[string, Target, string | undefined]>([
    ['the host of its URI', target('sip:bob@10.0.0.50:5070'), '10.0.0.50'],
    ['the host of an IPv6 URI', target('sip:bob@[2001:DB8::1]'), '2001:db8::1'],
    [
      'its source',
      target('sip:bob@10.9.9.9', { source: { transport: 'udp', address: '198.51.100.77', port: 5060 } }),
      '198.51.100.77',
    ],
    ['its first Route', target('sip:bob@10.9.9.9', { route: ['<sip:10.0.0.7;lr>'] }), '10.0.0.7'],
    ['the next hop that was named', target('sip:bob@10.9.9.9', { nextHop: 'sip:10.0.0.8' }), '10.0.0.8'],
    ['not known before its name is', target('sip:bob@example.com'), undefined],
  ])('is %s', (_, it, address) => {
    expect(addressOf(it)).toBe(address);
  });
});

describe('needsRelay', () => {
  const networks = new Networks();
  const media = (address: string) =>
    described(
      `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n`,
    );

  it.each<[string, string, string, Partial<Callee>, boolean]>([
    ['both public', '203.0.113.10', '203.0.113.10', { address: '203.0.113.20' }, false],
    ['both inside', '10.0.0.50', '10.0.0.50', { address: '10.0.0.51' }, false],
    ['one inside', '203.0.113.10', '203.0.113.10', { address: '10.0.0.51' }, true],
    ['in two private networks', '192.168.1.20', '192.168.1.20', { address: '10.0.0.51' }, true],
    ['a caller behind a NAT', '192.168.1.20', '198.51.100.77', { address: '203.0.113.20' }, true],
    [
      'a callee behind a NAT',
      '203.0.113.10',
      '203.0.113.10',
      { address: '203.0.113.20', natted: true },
      true,
    ],
    ['of two families', '203.0.113.10', '203.0.113.10', { address: '2001:db8::1' }, true],
    ['a callee whom nobody can find', '203.0.113.10', '203.0.113.10', {}, true],
  ])('%s', (_, address, source, callee, needed) => {
    const known = { address: undefined, natted: false, ...callee };
    expect(needsRelay(media(address), source, known, networks)).toBe(needed);
  });
});
