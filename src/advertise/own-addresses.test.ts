import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock.ts';
import { Cidr } from '../base/ip.ts';
import type { AddressParts, Listener } from '../net/listener.ts';
import type { TransportName } from '../net/transport-name.ts';
import { type Alias, aliasMatches, parseAlias } from './alias.ts';
import { type DestinationRule, Networks } from './networks.ts';
import { OwnAddresses } from './own-addresses.ts';
import { AdvertisePolicy } from './policy.ts';
import type { Order } from './precedence.ts';
import { RememberedAddresses } from './remembered.ts';
import { RouteTags } from './route-tag.ts';

function listener(transport: TransportName, address: string, port: number, as?: AddressParts): Listener {
  const family = address.includes(':') ? 6 : 4;
  return { name: `${transport}:${address}:${port}`, transport, address, port, family, advertised: as };
}

function alias(text: string): Alias {
  const parsed = parseAlias(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.alias;
}

function own(
  listeners: readonly Listener[],
  settings: {
    global?: AddressParts;
    rules?: readonly DestinationRule[];
    aliases?: readonly string[];
    domains?: readonly string[];
    order?: Order;
    remembered?: RememberedAddresses;
  } = {},
): OwnAddresses {
  const { global, rules, order } = settings;
  return new OwnAddresses({
    policy: new AdvertisePolicy({ networks: new Networks({ rules }), global, order }),
    listeners,
    tags: new RouteTags(Buffer.alloc(32, 7), listeners),
    remembered: settings.remembered ?? new RememberedAddresses(new FakeClock()),
    aliases: (settings.aliases ?? []).map(alias),
    domains: settings.domains ?? [],
  });
}

const socket = listener('udp', '10.0.0.34', 15060, { host: '99.88.44.33', port: 5092 });

describe('listeners and what they advertise', () => {
  const global = { host: 'edge.example.com', port: 5091 };
  const rules = [{ network: Cidr.parse('192.0.2.0/24')!, as: { host: '203.0.113.9' } }];
  const mine = own([socket], { global, rules });

  it.each([
    ['10.0.0.34', 15060, 'listener'],
    ['99.88.44.33', 5092, 'advertised'],
    ['Edge.Example.COM', 5091, 'advertised'],
    ['edge.example.com.', 5091, 'advertised'],
    ['203.0.113.9', 15060, 'advertised'],
    ['::ffff:99.88.44.33', 5092, 'advertised'],
    ['99.88.44.33', undefined, 'advertised'],
    ['99.88.44.33', 0, 'advertised'],
  ])('%s:%s is own', (host, port, how) => {
    expect(mine.recognise({ host, port })).toEqual({ own: true, how, listener: socket });
    expect(mine.recognise({ host, port, transport: 'udp' }).own).toBe(true);
    expect(mine.recognise({ host, port, transport: 'tcp' }).own).toBe(false);
  });

  it.each([
    ['99.88.44.33', 5060],
    ['10.0.0.35', 15060],
    ['localhost', 15060],
    ['example.com', 5091],
    // Another machine may stand behind the same public address on another port.
    ['99.88.44.33', 15060],
  ])('%s:%s is not', (host, port) => {
    expect(mine.recognise({ host, port })).toEqual({ own: false });
  });

  it('compares IPv6 numerically, with and without brackets', () => {
    const v6 = listener('udp', '2001:db8::34', 5060, { host: '2001:DB8:0:0::1' });
    const both = own([v6]);
    expect(both.recognise({ host: '[2001:0db8::0034]', port: 5060 }).own).toBe(true);
    expect(both.recognise({ host: '2001:db8::1', port: 5060 }).how).toBe('advertised');
    expect(both.recognise({ host: '2001:db8::2', port: 5060 }).own).toBe(false);
  });

  it('prefers the listener that is bound to an address over one that advertises it', () => {
    const other = listener('udp', '10.0.0.35', 5060, { host: '10.0.0.34', port: 15060 });
    expect(own([other, socket]).recognise({ host: '10.0.0.34', port: 15060 }).listener).toBe(socket);
  });

  it('knows localhost where it listens on loopback', () => {
    const local = own([listener('udp', '127.0.0.1', 5060)]);
    expect(local.recognise({ host: 'localhost', port: 5060 }).own).toBe(true);
    expect(local.recognise({ host: 'localhost', port: 5070 }).own).toBe(false);
    expect(local.isLocalDomain('LOCALHOST')).toBe(true);
  });

  it('finds the right one of two sockets with the same advertised address by its tag', () => {
    const as = { host: '99.88.44.33', port: 5060 };
    const [first, second] = [listener('udp', '10.0.0.34', 5060, as), listener('udp', '10.0.0.34', 5070, as)];
    const both = own([first, second]);
    const tag = new RouteTags(Buffer.alloc(32, 7), [first, second]).tagOf(second);
    const host = as.host;
    expect(both.recognise({ host, port: 5060 }).listener).toBe(first);
    expect(both.recognise({ host, port: 5060, tag })).toEqual({ own: true, how: 'tag', listener: second });
    expect(both.recognise({ host: 'elsewhere.example.com', tag }).listener).toBe(second);
    expect(both.recognise({ host: 'elsewhere.example.com', tag: 'AAAAAAAAAAAA' }).own).toBe(false);
  });
});

describe('the check of loose routing', () => {
  const udp = listener('udp', '10.0.0.34', 15060);
  const onUdp = own([udp]);
  it.each([
    [{ host: '10.0.0.34', port: 15060 }, true],
    [{ host: '10.0.0.34', port: 15060, transport: 'udp' }, true],
    [{ host: '10.0.0.34', port: 15060, transport: 'tcp' }, false],
    [{ host: '10.0.0.34', port: 15060, secure: true, transport: 'udp' }, false],
    [{ host: '10.0.0.34' }, false],
    [{ host: 'example.com', port: 15060, maddr: '10.0.0.34' }, true],
    [{ host: '10.0.0.34', port: 15060, maddr: '192.0.2.1' }, false],
  ] as const)('%j on UDP 15060: %s', (uri, expected) => {
    expect(onUdp.recogniseRoute(uri).own).toBe(expected);
  });

  it('means the default port where there is none', () => {
    expect(own([listener('udp', '10.0.0.34', 5060)]).recogniseRoute({ host: '10.0.0.34' }).own).toBe(true);
    const tls = own([listener('tls', '10.0.0.34', 5061)]);
    expect(tls.recogniseRoute({ host: '10.0.0.34', transport: 'tls' }).own).toBe(true);
    expect(tls.recogniseRoute({ host: '10.0.0.34', secure: true }).own).toBe(true);
    expect(tls.recogniseRoute({ host: '10.0.0.34', secure: true, transport: 'tcp' }).own).toBe(true);
  });

  it('takes a Route without a transport on a server without UDP for own; as OpenSIPS it does not', () => {
    const tcp = [listener('tcp', '10.0.0.34', 5060)];
    expect(own(tcp).recogniseRoute({ host: '10.0.0.34', port: 5060 }).listener).toBe(tcp[0]);
    expect(own(tcp, { order: 'opensips' }).recogniseRoute({ host: '10.0.0.34', port: 5060 }).own).toBe(false);
  });

  it('prefers UDP where a Route names no transport', () => {
    const tcp = listener('tcp', '10.0.0.34', 15060);
    expect(own([tcp, udp]).recogniseRoute({ host: '10.0.0.34', port: 15060 }).listener).toBe(udp);
  });

  it('knows a secure WebSocket by transport=ws', () => {
    const wss = own([listener('wss', '10.0.0.34', 443)]);
    expect(wss.recogniseRoute({ host: '10.0.0.34', port: 443, transport: 'ws' }).own).toBe(true);
    expect(wss.recogniseRoute({ host: '10.0.0.34', transport: 'ws', secure: true }).own).toBe(true);
  });
});

describe('aliases', () => {
  it.each([
    ['example.com', 'example.com', undefined, undefined, true],
    ['example.com', 'EXAMPLE.com', 5080, 'tcp', true],
    ['example.com:5060', 'example.com', 5061, undefined, false],
    ['example.com:5060', 'example.com', undefined, undefined, true],
    ['udp:example.com', 'example.com', 5060, 'tcp', false],
    ['any:example.com:5060', 'example.com', 5060, 'tls', true],
    ['udp:[2001:db8::1]:5060', '2001:db8:0::1', 5060, 'udp', true],
    ['2001:db8::1', '[2001:db8::1]', 5060, 'udp', true],
    ['example.com', 'sip.example.com', undefined, undefined, false],
    ['example.com accept_subdomain', 'sip.example.com', undefined, undefined, true],
    ['example.com accept_subdomain', 'example.com', undefined, undefined, true],
    ['example.com accept_subdomain', 'badexample.com', undefined, undefined, false],
  ] as const)('%s against %s:%s %s: %s', (text, host, port, transport, expected) => {
    const mine = own([socket], { aliases: [text] });
    expect(mine.recognise({ host, port, transport }).own).toBe(expected);
    if (expected) expect(mine.recognise({ host, port, transport })).toEqual({ own: true, how: 'alias' });
  });

  it.each([
    '',
    'udp:',
    ':5060',
    'example.com subdomains',
    'example.com accept_subdomain x',
    'xyz:example.com:1',
  ])('refuses %j', (text) => {
    expect(parseAlias(text).ok).toBe(false);
  });

  it('takes a host that is called like a transport for a host', () => {
    expect(aliasMatches(alias('tcp'), 'tcp', undefined, undefined)).toBe(true);
  });
});

describe('domains', () => {
  const mine = own([socket], { domains: ['Example.com'], aliases: ['pbx.example.org accept_subdomain'] });

  it('keeps configured domains, aliases and own hosts', () => {
    for (const host of ['example.COM', 'a.pbx.example.org', '10.0.0.34', '99.88.44.33']) {
      expect(mine.isLocalDomain(host), host).toBe(true);
    }
    expect(mine.isLocalDomain('example.net')).toBe(false);
    expect(mine.isLocalDomain('sip.example.com')).toBe(false);
  });

  it('recognises a domain on the ports that this server uses', () => {
    expect(mine.recognise({ host: 'example.com' }).how).toBe('domain');
    expect(mine.recogniseRoute({ host: 'example.com' }).own).toBe(true);
    expect(mine.recognise({ host: 'example.com', port: 15060, transport: 'udp' }).own).toBe(true);
    expect(mine.recognise({ host: 'example.com', port: 9999 }).own).toBe(false);
  });
});

describe('the remembered set', () => {
  const lifetime = 12 * 3600 * 1000;

  it('recognises what was printed until it expires, and a print in between puts that off', () => {
    const clock = new FakeClock();
    const remembered = new RememberedAddresses(clock);
    const mine = own([socket], { remembered });
    const question = { host: '203.0.113.7', port: 5093, transport: 'udp' } as const;
    expect(mine.recognise(question).own).toBe(false);
    const address = { host: '203.0.113.7', port: 5093 };
    remembered.remember(address, socket);
    expect(mine.recognise(question)).toEqual({ own: true, how: 'remembered', listener: socket });
    expect(mine.recognise({ ...question, port: 5060 }).own).toBe(false);
    expect(mine.recognise({ ...question, transport: 'tcp' }).own).toBe(false);
    expect(mine.isLocalDomain('203.0.113.7')).toBe(true);
    clock.advance(lifetime / 2);
    remembered.remember(address, socket);
    clock.advance(lifetime - 1);
    expect(mine.recognise(question).own).toBe(true);
    clock.advance(1);
    expect(mine.recognise(question).own).toBe(false);
  });

  it('stays bounded in hosts and in ports of one host, and counts what it drops', () => {
    const remembered = new RememberedAddresses(new FakeClock());
    for (let i = 0; i < 5000; i++) remembered.remember({ host: `h${i}.example.com`, port: 5060 }, socket);
    expect(remembered.snapshot()).toHaveLength(4096);
    expect(remembered.find('h0.example.com', 5060, 'udp')).toBeUndefined();
    expect(remembered.find('h4999.example.com', 5060, 'udp')).toBeDefined();
    expect(remembered.overflowed).toBe(904);
    for (let port = 1; port <= 100; port++) remembered.remember({ host: 'h4999.example.com', port }, socket);
    expect(remembered.find('h4999.example.com', 100, 'udp')).toBeDefined();
    expect(remembered.snapshot().filter((it) => it.host === 'h4999.example.com')).toHaveLength(32);
  });

  it('keeps the socket of each where two print the same address', () => {
    const remembered = new RememberedAddresses(new FakeClock());
    const tcp = listener('tcp', '10.0.0.34', 15060);
    remembered.remember({ host: '203.0.113.7', port: 5093 }, socket);
    remembered.remember({ host: '203.0.113.7', port: 5093 }, tcp);
    expect(remembered.find('203.0.113.7', 5093, 'udp')?.listener).toBe(socket.name);
    expect(remembered.find('203.0.113.7', 5093, 'tcp')?.listener).toBe(tcp.name);
  });
});

describe('as OpenSIPS', () => {
  const order = 'opensips';

  it('owns both hosts with both ports and without', () => {
    const mine = own([socket], { order });
    for (const host of ['10.0.0.34', '99.88.44.33']) {
      for (const port of [15060, 5092, undefined]) expect(mine.recognise({ host, port }).own).toBe(true);
    }
    expect(mine.recognise({ host: '99.88.44.33', port: 5060 }).own).toBe(false);
  });

  it('does not know its own advertised_port, nor the global address where there is an `as`', () => {
    const bare = listener('udp', '10.0.0.34', 15060);
    const global = { host: '99.88.44.1', port: 5091 };
    const mine = own([bare], { order, global });
    expect(mine.recognise({ host: '99.88.44.1', port: 15060 }).own).toBe(true);
    expect(mine.recognise({ host: '99.88.44.1' }).own).toBe(true);
    expect(mine.recognise({ host: '99.88.44.1', port: 5091 }).own).toBe(false);
    expect(own([socket], { order, global }).recognise({ host: '99.88.44.1' }).own).toBe(false);
    expect(
      own([bare], { order, global, aliases: ['99.88.44.1:5091'] }).recognise({
        host: '99.88.44.1',
        port: 5091,
      }).own,
    ).toBe(true);
  });

  it('knows neither per-message addresses, nor tags, nor localhost', () => {
    const remembered = new RememberedAddresses(new FakeClock());
    remembered.remember({ host: '203.0.113.7', port: 5093 }, socket);
    const mine = own([socket], { order, remembered });
    expect(mine.recognise({ host: '203.0.113.7', port: 5093 }).own).toBe(false);
    const tag = new RouteTags(Buffer.alloc(32, 7), [socket]).tagOf(socket);
    expect(mine.recognise({ host: 'elsewhere.example.com', tag }).own).toBe(false);
    expect(own([listener('udp', '127.0.0.1', 5060)], { order }).recognise({ host: 'localhost' }).own).toBe(
      false,
    );
  });
});
