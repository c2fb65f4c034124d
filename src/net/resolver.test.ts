import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock.ts';
import { SequentialIds } from '../base/ids.ts';
import type { AddressRecord, NameServer, SrvRecord } from './name-server.ts';
import { type Resolution, Resolver, type ResolveTarget } from './resolver.ts';
import { orderSrv } from './srv-order.ts';

/** A zone that counts how often it is asked. */
class Zone implements NameServer {
  readonly asked: string[] = [];
  readonly records: Record<string, readonly AddressRecord[]> = {};
  readonly services: Record<string, readonly SrvRecord[]> = {};
  readonly hosts: Record<string, readonly string[]> = {};
  broken = false;

  a(host: string): Promise<readonly AddressRecord[]> {
    return this.#answer(`A ${host}`, this.records[`A ${host}`]);
  }
  aaaa(host: string): Promise<readonly AddressRecord[]> {
    return this.#answer(`AAAA ${host}`, this.records[`AAAA ${host}`]);
  }
  srv(name: string): Promise<readonly SrvRecord[]> {
    return this.#answer(`SRV ${name}`, this.services[name]);
  }
  system(host: string): Promise<readonly string[]> {
    return this.#answer(`hosts ${host}`, this.hosts[host]);
  }
  async #answer<T>(question: string, found: readonly T[] = []): Promise<readonly T[]> {
    this.asked.push(question);
    if (this.broken) throw new Error('SERVFAIL');
    return found;
  }
}

function setUp() {
  const zone = new Zone();
  const clock = new FakeClock();
  const resolver = new Resolver({ nameServer: zone, clock, ids: new SequentialIds() });
  const places = async (target: ResolveTarget) =>
    (await resolver.resolveTarget(target)).map(
      ({ transport, address, port }) => `${transport} ${address} ${port}`,
    );
  return { zone, clock, resolver, places };
}

function atOnce(resolution: Resolution): readonly unknown[] {
  if (resolution instanceof Promise) throw new Error('had to wait');
  return resolution;
}

function srv(target: string, port: number, priority = 0, weight = 0): SrvRecord {
  return { target, port, priority, weight };
}

describe('Resolver', () => {
  it.each<[ResolveTarget, unknown]>([
    [{ host: '192.0.2.1' }, { transport: 'udp', address: '192.0.2.1', port: 5060, family: 4 }],
    [
      { host: '192.0.2.1', secure: true },
      { transport: 'tls', address: '192.0.2.1', port: 5061, family: 4 },
    ],
    [
      { host: '192.0.2.1', secure: true, transport: 'tcp', port: 5071 },
      { transport: 'tls', address: '192.0.2.1', port: 5071, family: 4 },
    ],
    [
      { host: '[2001:DB8::1]', port: 5080 },
      { transport: 'udp', address: '2001:db8::1', port: 5080, family: 6 },
    ],
    [
      { host: '192.0.2.1', transport: 'wss' },
      { transport: 'wss', address: '192.0.2.1', port: 443, family: 4 },
    ],
  ])('takes an address as it is, at once: %j', (target, expected) => {
    const { resolver, zone } = setUp();
    expect(atOnce(resolver.resolveTarget(target))).toEqual([expected]);
    expect(zone.asked).toEqual([]);
  });

  it('asks for addresses only where a port is given', async () => {
    const { zone, places } = setUp();
    zone.records['A sip.example.com'] = [{ address: '192.0.2.1', ttl: 300 }];
    zone.records['AAAA sip.example.com'] = [{ address: '2001:DB8::1', ttl: 300 }];
    expect(await places({ host: 'SIP.example.com.', port: 5070 })).toEqual([
      'udp 192.0.2.1 5070',
      'udp 2001:db8::1 5070',
    ]);
    expect(zone.asked).toEqual(['A sip.example.com', 'AAAA sip.example.com']);
  });

  it('asks for services in the order of preference, then for the host itself', async () => {
    const { zone, places } = setUp();
    zone.records['A example.com'] = [{ address: '192.0.2.1', ttl: 300 }];
    expect(await places({ host: 'example.com' })).toEqual(['udp 192.0.2.1 5060']);
    expect(zone.asked.slice(0, 3)).toEqual([
      'SRV _sip._udp.example.com',
      'SRV _sip._tcp.example.com',
      'A example.com',
    ]);
    expect(await places({ host: 'example.com', secure: true })).toEqual(['tls 192.0.2.1 5061']);
    expect(zone.asked.at(-1)).toBe('SRV _sips._tcp.example.com');
    expect(await places({ host: 'example.com', transport: 'ws' })).toEqual(['ws 192.0.2.1 80']);
  });

  it('takes the transport of the service that it finds', async () => {
    const { zone, places } = setUp();
    zone.services['_sip._tcp.example.com'] = [srv('b.example.com', 5072, 20), srv('a.example.com', 5071, 10)];
    zone.records['A a.example.com'] = [{ address: '192.0.2.1', ttl: 300 }];
    zone.records['A b.example.com'] = [{ address: '192.0.2.2', ttl: 300 }];
    const expected = ['tcp 192.0.2.1 5071', 'tcp 192.0.2.2 5072'];
    expect(await places({ host: 'example.com' })).toEqual(expected);
    expect(await places({ host: 'example.com', transport: 'tcp' })).toEqual(expected);
  });

  it('finds nothing where the service is decidedly not there', async () => {
    const { zone, places } = setUp();
    zone.services['_sip._udp.example.com'] = [srv('.', 0)];
    zone.records['A example.com'] = [{ address: '192.0.2.1', ttl: 300 }];
    expect(await places({ host: 'example.com' })).toEqual([]);
  });

  it('answers from its cache at once, until the records expire', async () => {
    const { zone, clock, resolver, places } = setUp();
    zone.records['A example.com'] = [{ address: '192.0.2.1', ttl: 30 }];
    await places({ host: 'example.com', port: 5060 });
    zone.records['A example.com'] = [{ address: '192.0.2.2', ttl: 30 }];
    clock.advance(29_999);
    expect(atOnce(resolver.resolveTarget({ host: 'example.com', port: 5060 }))).toMatchObject([
      { address: '192.0.2.1' },
    ]);
    clock.advance(1);
    expect(await places({ host: 'example.com', port: 5060 })).toEqual(['udp 192.0.2.2 5060']);
  });

  it('shares a look-up under way, and remembers failure for ten seconds', async () => {
    const { zone, clock, places } = setUp();
    zone.broken = true;
    const target = { host: 'example.com', port: 5060 };
    expect(await Promise.all([places(target), places(target)])).toEqual([[], []]);
    clock.advance(9_999);
    expect(await places(target)).toEqual([]);
    expect(zone.asked.filter((question) => question === 'A example.com')).toHaveLength(1);
    zone.broken = false;
    zone.records['A example.com'] = [{ address: '192.0.2.1', ttl: 30 }];
    clock.advance(1);
    expect(await places(target)).toEqual(['udp 192.0.2.1 5060']);
  });

  it('falls back on what the system knows', async () => {
    const { zone, places } = setUp();
    zone.hosts.pbx = ['10.0.0.5'];
    expect(await places({ host: 'pbx' })).toEqual(['udp 10.0.0.5 5060']);
  });

  it('bounds the look-ups under way', async () => {
    const { zone, resolver } = setUp();
    const waiting = Array.from({ length: 600 }, (_, i) => resolver.resolveTarget({ host: `h${i}`, port: 1 }));
    expect(waiting.filter((resolution) => resolution instanceof Promise)).toHaveLength(512);
    await Promise.all(waiting);
    expect(zone.asked.filter((question) => question.startsWith('A '))).toHaveLength(512);
  });

  it('asks nobody for a name that is none', () => {
    const { zone, resolver } = setUp();
    expect(atOnce(resolver.resolveTarget({ host: '' }))).toEqual([]);
    expect(atOnce(resolver.resolveTarget({ host: 'a'.repeat(300) }))).toEqual([]);
    expect(zone.asked).toEqual([]);
  });
});

describe('orderSrv', () => {
  it('goes by priority, and within one by weight', () => {
    const records = [srv('c', 1, 20, 5), srv('a', 1, 10, 1), srv('b', 1, 10, 3)];
    const firsts: string[] = [];
    for (let drawn = 0; drawn < 5; drawn++) {
      const ordered = orderSrv(records, { token: () => '', uint32: () => drawn });
      expect(ordered.at(-1)!.target).toBe('c');
      firsts.push(ordered[0]!.target);
    }
    expect(firsts).toEqual(['a', 'a', 'b', 'b', 'b']);
  });
});
