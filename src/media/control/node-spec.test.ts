import { describe, expect, it } from 'vitest';
import { mergeNodeSets, type NodeAddress, parseNodeSet } from './node-spec.ts';

describe('rtpproxy_sock', () => {
  it.each<[string, NodeAddress]>([
    ['udp:127.0.0.1:7890', { transport: 'udp', host: '127.0.0.1', port: 7890, family: 4 }],
    ['UDP:127.0.0.1', { transport: 'udp', host: '127.0.0.1', port: 22222, family: 4 }],
    ['udp:relay-1.internal:7890', { transport: 'udp', host: 'relay-1.internal', port: 7890, family: 4 }],
    ['udp6:[2001:db8::1]:7890', { transport: 'udp', host: '2001:db8::1', port: 7890, family: 6 }],
    ['udp6:2001:db8::1', { transport: 'udp', host: '2001:db8::1', port: 22222, family: 6 }],
    ['udp6:::1:9000', { transport: 'udp', host: '::1', port: 9000, family: 6 }],
    ['udp6:relay', { transport: 'udp', host: 'relay', port: 22222, family: 6 }],
    ['tcp:10.0.0.1:22', { transport: 'tcp', host: '10.0.0.1', port: 22, family: 4 }],
    ['tcp6:[::1]', { transport: 'tcp', host: '::1', port: 22222, family: 6 }],
    ['unix:/var/run/rtpproxy.sock', { transport: 'unix', path: '/var/run/rtpproxy.sock' }],
    ['cunix:/run/r.sock', { transport: 'cunix', path: '/run/r.sock' }],
    ['/var/run/rtpproxy.sock', { transport: 'unix', path: '/var/run/rtpproxy.sock' }],
    ['embedded', { transport: 'embedded' }],
    ['rtp.io:auto', { transport: 'embedded' }],
  ])('%s', (text, address) => {
    expect(parseNodeSet(text, 'rtpproxy')).toEqual({
      ok: true,
      set: { id: 0, nodes: [{ name: text, address, advertised: undefined, weight: 1 }] },
    });
  });

  it('has a set, weights and advertised addresses', () => {
    const result = parseNodeSet(
      ' 3 ==  udp:10.0.0.1:1234|99.88.44.33=2\tunix:/run/r.sock=0\n udp6:[::1]|2001:db8::9 ',
      'rtpproxy',
    );
    expect(result).toMatchObject({
      ok: true,
      set: {
        id: 3,
        nodes: [
          { name: 'udp:10.0.0.1:1234', advertised: '99.88.44.33', weight: 2 },
          { name: 'unix:/run/r.sock', advertised: undefined, weight: 0 },
          { name: 'udp6:[::1]', advertised: '2001:db8::9', weight: 1 },
        ],
      },
    });
  });

  it('puts a value without a set into the default one, and values of one set together', () => {
    const sets = ['udp:10.0.0.1', '1 == udp:10.0.0.2', '1==udp:10.0.0.3'].map((text) => {
      const result = parseNodeSet(text, 'rtpproxy', 7);
      return result.ok ? result.set : expect.fail(result.reason);
    });
    expect(mergeNodeSets(sets).map(({ id, nodes }) => [id, ...nodes.map(({ name }) => name)])).toEqual([
      [7, 'udp:10.0.0.1'],
      [1, 'udp:10.0.0.2', 'udp:10.0.0.3'],
    ]);
  });

  it.each<[string, number, string]>([
    ['', 0, 'no relay is named'],
    ['1 ==  ', 6, 'no relay is named'],
    ['one == udp:10.0.0.1', 0, '"one" is no number of a set'],
    ['udp:10.0.0.1 sctp:10.0.0.2', 13, '"sctp:10.0.0.2" is none of'],
    ['udp:10.0.0.1:0', 0, '"0" is no port'],
    ['udp:10.0.0.1:70000', 0, '"70000" is no port'],
    ['udp:10.0.0.1:', 0, '"" is no port'],
    ['udp:', 0, 'neither an address nor a name'],
    ['udp:10.0.0.300', 0, 'neither an address nor a name'],
    ['udp6:10.0.0.3', 0, 'udp6 wants an IPv6 address'],
    ['udp6:[::1', 0, 'bracket'],
    ['udp6:[::1]7', 0, 'bracket'],
    ['udp:10.0.0.1=heavy', 0, 'weight'],
    ['udp:10.0.0.1=', 0, 'weight'],
    ['udp:10.0.0.1|public.example.com', 0, 'no IP address'],
    ['unix:run/r.sock', 0, 'begins with a /'],
    [`unix:/${'x'.repeat(120)}`, 0, 'at most 107'],
    ['rtp.io:manual', 0, 'none of'],
    [Array.from({ length: 300 }, (_, i) => `udp:10.0.0.1:${i + 1}`).join(' '), 0, 'more than 256'],
  ])('%.40j is refused', (text, at, reason) => {
    const result = parseNodeSet(text, 'rtpproxy');
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
    if (!result.ok && text.length < 100) expect(result.at).toBe(at);
  });
});

describe('rtpengine_sock', () => {
  it('knows datagrams only', () => {
    expect(parseNodeSet('2 == udp:127.0.0.1:2223=3', 'rtpengine')).toMatchObject({
      ok: true,
      set: { id: 2, nodes: [{ address: { transport: 'udp', port: 2223 }, weight: 3 }] },
    });
    for (const text of ['tcp:127.0.0.1:2223', 'unix:/run/e', '/run/e', 'embedded']) {
      expect(parseNodeSet(text, 'rtpengine')).toMatchObject({
        ok: false,
        reason: expect.stringContaining('udp6'),
      });
    }
  });
});
