import { describe, expect, it } from 'vitest';
import { Advertise, type AdvertiseSettings } from '../../advertise/advertise.ts';
import { parseAddressParts } from '../../advertise/advertised-address.ts';
import { FakeClock } from '../../base/fake-clock.ts';
import { type LooseRoute, looseRoute } from './loose-route.ts';
import { read } from './testing/messages.ts';
import { listener } from './testing/peer-network.ts';

const UDP = 'udp:10.0.0.34:5060 as 99.88.44.33';
const BIG = 'udp:10.0.0.34:15070';
const TCP = 'tcp:10.0.0.34:5060';
const V6 = 'udp:[2001:db8::34]:5060';
const KEY = Buffer.alloc(32, 1);

function own(
  listeners: readonly string[] = [UDP, BIG, TCP, V6],
  settings: AdvertiseSettings = {},
): Advertise {
  return new Advertise({ settings, listeners: listeners.map(listener), key: KEY, clock: new FakeClock() });
}

interface Asked {
  readonly uri?: string;
  readonly toTag?: string;
  readonly advertise?: Advertise;
}

/** What a request inside a dialog with these Route lines comes to. */
function routed(routes: readonly string[], asked: Asked = {}): LooseRoute {
  const toTag = asked.toTag ?? ';tag=b';
  const text = [
    `BYE ${asked.uri ?? 'sip:bob@198.51.100.9'} SIP/2.0`,
    'Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1',
    ...routes.map((route) => `Route: ${route}`),
    'From: <sip:alice@example.com>;tag=a',
    `To: <sip:bob@example.com>${toTag}`,
    'Call-ID: 1',
    'CSeq: 2 BYE',
    '\r\n',
  ].join('\r\n');
  return looseRoute(read(text), (asked.advertise ?? own()).own);
}

const preloaded = (routes: readonly string[], asked: Asked = {}) => routed(routes, { ...asked, toTag: '' });

describe('the cases of loose routing', () => {
  it('finds no Route', () => {
    expect(routed([])).toMatchObject({ kind: 'none', routes: [], dropped: 0, own: false });
  });

  it('1: takes a single own Route off and goes by the Request-URI', () => {
    expect(routed(['<sip:99.88.44.33;lr;ftag=a>'])).toEqual({
      kind: 'routed',
      requestUri: 'sip:bob@198.51.100.9',
      routes: [],
      dropped: 1,
      rewritten: false,
      own: true,
      params: ';lr;ftag=a',
      listener: undefined,
      overrides: { inbound: undefined, outbound: undefined },
    });
  });

  it('2: takes both halves of a pair off and leaves by the socket of the second', () => {
    const found = routed(['<sip:10.0.0.34:15070;r2=on;lr>', '<sip:99.88.44.33;r2=on;lr>']);
    expect(found).toMatchObject({ routes: [], dropped: 2, own: true, params: ';r2=on;lr' });
    expect(found.listener?.name).toBe('udp:10.0.0.34:5060');
  });

  it('3: changes the transport between the halves', () => {
    const found = routed(['<sip:99.88.44.33;r2=on;lr>', '<sip:10.0.0.34;transport=tcp;r2=on;lr>']);
    expect(found.listener?.name).toBe('tcp:10.0.0.34:5060');
    expect(found.dropped).toBe(2);
  });

  it('4: changes the address family between the halves', () => {
    const found = routed(['<sip:99.88.44.33;r2=on;lr>', '<sip:[2001:DB8:0::34];r2=on;lr>']);
    expect(found.listener?.name).toBe('udp:[2001:db8::34]:5060');
  });

  it('5: leaves the Route of the next proxy', () => {
    const next = '<sip:p2.example.com;lr>';
    expect(routed(['<sip:99.88.44.33;lr>', next])).toMatchObject({ routes: [next], dropped: 1, own: true });
  });

  it('6: takes one pair of a spiral off at a time', () => {
    const pair = ['<sip:10.0.0.34:15070;r2=on;lr>', '<sip:99.88.44.33;r2=on;lr>'];
    expect(routed([...pair, ...pair])).toMatchObject({ routes: pair, dropped: 2 });
  });

  it('7: leaves a strict router in the Routes, for whoever writes the request', () => {
    const strict = '<sip:strict.example.com>';
    expect(routed(['<sip:99.88.44.33;lr>', strict])).toMatchObject({ routes: [strict], rewritten: false });
  });

  it('8: finds the target behind a strict router before it', () => {
    const found = routed(['<sip:p2.example.com;lr>', '<sip:bob@198.51.100.9:5070>'], {
      uri: 'sip:99.88.44.33;lr',
    });
    expect(found).toMatchObject({
      kind: 'routed',
      requestUri: 'sip:bob@198.51.100.9:5070',
      routes: ['<sip:p2.example.com;lr>'],
      rewritten: true,
      own: true,
      params: ';lr',
    });
    expect(found.listener?.name).toBe('udp:10.0.0.34:5060');
  });

  it('8: finds the target where it is the only Route', () => {
    const found = routed(['<sip:bob@198.51.100.9:5070>'], { uri: 'sip:99.88.44.33;lr' });
    expect(found).toMatchObject({ requestUri: 'sip:bob@198.51.100.9:5070', routes: [], rewritten: true });
  });

  it('8: takes the other half of a pair that a strict router began', () => {
    const found = routed(['<sip:10.0.0.34;transport=tcp;r2=on;lr>', '<sip:bob@198.51.100.9>'], {
      uri: 'sip:99.88.44.33;r2=on;lr',
    });
    expect(found).toMatchObject({ requestUri: 'sip:bob@198.51.100.9', routes: [], own: true });
    expect(found.listener?.name).toBe('tcp:10.0.0.34:5060');
  });

  it('8: has no target where the other half was the last Route', () => {
    const found = routed(['<sip:99.88.44.33;r2=on;lr>'], { uri: 'sip:99.88.44.33;r2=on;lr' });
    expect(found).toMatchObject({ kind: 'own-only', dropped: 1 });
  });

  it('9: is not routed by a preloaded Route of its own alone', () => {
    const found = preloaded(['<sip:99.88.44.33;lr>', '<sip:10.0.0.34;lr>'].slice(0, 1));
    expect(found).toMatchObject({ kind: 'own-only', dropped: 1, routes: [], own: true });
    const pair = preloaded(['<sip:99.88.44.33;r2=on;lr>', '<sip:10.0.0.34:15070;r2=on;lr>']);
    expect(pair).toMatchObject({ kind: 'own-only', dropped: 2, routes: [] });
  });

  it('10: follows what is preloaded behind its own', () => {
    const found = preloaded(['<sip:99.88.44.33;lr>', '<sip:p2.example.com;lr>']);
    expect(found).toMatchObject({
      kind: 'routed',
      dropped: 1,
      routes: ['<sip:p2.example.com;lr>'],
      own: true,
    });
  });

  it('11: knows a Route without transport on a server that has TCP only', () => {
    const advertise = own([TCP]);
    expect(routed(['<sip:10.0.0.34;lr>'], { advertise }).own).toBe(true);
    expect(routed(['<sip:10.0.0.34;transport=udp;lr>'], { advertise }).own).toBe(false);
  });

  it('12: knows an alias', () => {
    const advertise = own(undefined, {
      aliases: [{ host: 'sip.example.com', port: undefined, transport: undefined, acceptSubdomain: true }],
    });
    expect(routed(['<sip:sip.example.com:5070;lr>'], { advertise }).own).toBe(true);
    expect(routed(['<sip:edge.sip.example.com;transport=tcp;lr>'], { advertise }).own).toBe(true);
    expect(routed(['<sip:example.com;lr>'], { advertise }).own).toBe(false);
  });

  it('13: reads Routes that stand in one line', () => {
    const found = routed([
      '<sip:10.0.0.34:15070;r2=on;lr>, <sip:99.88.44.33;r2=on;lr> ,<sip:p2.example.com;lr>',
      '<sip:p3.example.com;lr>',
    ]);
    expect(found).toMatchObject({
      dropped: 2,
      routes: ['<sip:p2.example.com;lr>', '<sip:p3.example.com;lr>'],
    });
  });

  it('14: knows a Route with a user', () => {
    expect(routed(['<sip:alice@99.88.44.33;lr>'])).toMatchObject({ own: true, dropped: 1 });
  });

  it('15: takes sips for TLS, which no listener speaks', () => {
    expect(routed(['<sips:99.88.44.33:5060;lr>']).own).toBe(false);
    const advertise = own([UDP, 'tls:10.0.0.34:5061 as 99.88.44.33']);
    expect(routed(['<sips:99.88.44.33:5061;lr>'], { advertise }).own).toBe(true);
    expect(routed(['<sips:99.88.44.33;lr>'], { advertise }).own).toBe(true);
  });
});

describe('pairs', () => {
  it('leave a foreign Route behind an r2 alone', () => {
    const foreign = '<sip:p2.example.com;r2=on;lr>';
    const found = routed(['<sip:99.88.44.33;r2=on;lr>', foreign]);
    expect(found).toMatchObject({ dropped: 1, routes: [foreign], listener: undefined });
  });

  it('know r2 without a value, and lr with one', () => {
    const found = routed(['<sip:99.88.44.33;lr=on;r2>', '<sip:10.0.0.34:15070;lr=on;r2>']);
    expect(found.dropped).toBe(2);
    expect(found.listener?.port).toBe(15070);
  });
});

describe('recognition', () => {
  it('OpenSIPS #957: takes a Route with an unknown transport for foreign', () => {
    const route = '<sip:99.88.44.33;transport=invalid;lr>';
    expect(routed([route])).toMatchObject({ kind: 'routed', own: false, dropped: 0, routes: [route] });
  });

  it('takes other ports, transports and hosts for foreign', () => {
    for (const uri of [
      'sip:99.88.44.33:5070',
      'sip:10.0.0.34:15070;transport=tcp',
      'sip:10.0.0.35',
      'tel:112',
    ]) {
      expect(routed([`<${uri};lr>`]).own, uri).toBe(false);
    }
  });

  it('follows maddr', () => {
    expect(routed(['<sip:other.example.com;maddr=99.88.44.33;lr>']).own).toBe(true);
  });

  it('knows its tag after the public address has changed', () => {
    const advertise = own();
    const tag = advertise.tags.tagOf(advertise.listeners[1]!);
    const pair = ['<sip:99.88.44.33;r2=on;lr>', `<sip:99.88.44.33;r2=on;lr;vt=${tag}>`];
    advertise.update({ listeners: [UDP.replace('99.88.44.33', '99.88.44.99'), BIG, TCP, V6].map(listener) });
    const found = routed(pair, { advertise });
    expect(found).toMatchObject({ dropped: 2, own: true });
    expect(found.listener?.name).toBe('udp:10.0.0.34:15070');
  });

  it('knows its tag on another node, whatever address stands beside it', () => {
    const here = own([UDP]);
    const there = own(['udp:10.0.0.34:5060 as 99.88.44.99']);
    const tag = here.tags.tagOf(here.listeners[0]!);
    expect(routed([`<sip:203.0.113.1;lr;vt=${tag}>`], { advertise: there }).own).toBe(true);
    expect(routed(['<sip:203.0.113.1;lr;vt=AAAAAAAAAAAA>'], { advertise: there }).own).toBe(false);
  });

  it('knows an override that it printed', () => {
    const advertise = own();
    const parts = parseAddressParts('203.0.113.80:5080');
    if (!parts.ok) throw new Error(parts.reason);
    const question = { listener: advertise.listeners[0]!, destination: '192.0.2.7' };
    advertise.printed({ ...question, override: parts.parts });
    expect(routed(['<sip:203.0.113.80:5080;lr>'], { advertise }).own).toBe(true);
  });
});

describe('targets that name this server', () => {
  it.each([
    ['a GRUU', 'sip:99.88.44.33;gr=urn:uuid:1'],
    ['an address-of-record', 'sip:bob@99.88.44.33'],
    ['a hidden Contact without a user', 'sip:99.88.44.33;vc=abc'],
  ])('leave %s alone', (_what, uri) => {
    const found = routed(['<sip:99.88.44.33;lr>'], { uri });
    expect(found).toMatchObject({ requestUri: uri, rewritten: false, dropped: 1, routes: [] });
  });
});

describe('what cannot be routed', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `<sip:p${i}.example.com;lr>`);

  it('routes 64 Routes, and not one more', () => {
    expect(routed(many(64)).kind).toBe('routed');
    expect(routed(many(65)).kind).toBe('malformed');
    expect(routed([many(65).join(', ')]).kind).toBe('malformed');
  });

  it.each(['<sip:99.88.44.33;lr', 'sip:', '<>', '<sip:a b;lr>', '<sip:@;lr>', '<nonsense>', '"<sip:a>'])(
    'refuses %s',
    (route) => {
      expect(routed([route])).toMatchObject({ kind: 'malformed', own: false });
      expect(routed(['<sip:99.88.44.33;lr>', route]).kind).toBe('malformed');
    },
  );

  it("reads a Route without brackets, whose parameters are not the URI's", () => {
    expect(routed(['sip:99.88.44.33;lr'])).toMatchObject({ own: true, dropped: 1 });
  });
});
