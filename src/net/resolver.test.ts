import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock.ts';
import { RandomIds, SequentialIds } from '../base/ids.ts';
import type { Lookup, NameServer, NaptrRecord, SrvRecord } from './name-server.ts';
import { type Resolution, Resolver, type ResolveTarget } from './resolver.ts';
import { orderSrv, SeededDraws } from './srv-order.ts';
import { waysOf } from './ways.ts';

/** A zone that counts how often it is asked. */
class Zone implements NameServer {
  readonly asked: string[] = [];
  readonly hosts: Record<string, readonly string[]> = {};
  readonly services: Record<string, readonly SrvRecord[]> = {};
  readonly pointers: Record<string, readonly NaptrRecord[]> = {};
  readonly locals: Record<string, readonly string[]> = {};
  readonly systems: Record<string, readonly string[]> = {};
  ttl = 30;
  broken = false;
  /** Look-ups wait for this. */
  wait: Promise<unknown> = Promise.resolve();

  a(host: string): Promise<Lookup<string>> {
    return this.#answer(
      `A ${host}`,
      this.hosts[host]?.filter((it) => !it.includes(':')),
    );
  }
  aaaa(host: string): Promise<Lookup<string>> {
    return this.#answer(
      `AAAA ${host}`,
      this.hosts[host]?.filter((it) => it.includes(':')),
    );
  }
  srv(name: string): Promise<Lookup<SrvRecord>> {
    return this.#answer(`SRV ${name}`, this.services[name]);
  }
  naptr(host: string): Promise<Lookup<NaptrRecord>> {
    return this.#answer(`NAPTR ${host}`, this.pointers[host]);
  }
  local(host: string): readonly string[] {
    return this.locals[host] ?? [];
  }
  system(host: string): Promise<Lookup<string>> {
    return this.#answer(`system ${host}`, this.systems[host]);
  }
  async #answer<T>(question: string, found: readonly T[] = []): Promise<Lookup<T>> {
    this.asked.push(question);
    await this.wait;
    return this.broken ? { ok: false, reason: 'SERVFAIL' } : { ok: true, records: found, ttl: this.ttl };
  }
}

function setUp() {
  const zone = new Zone();
  const clock = new FakeClock();
  const resolver = new Resolver({ nameServer: zone, clock, ids: new SequentialIds() });
  const places = async (target: ResolveTarget) => texts(await resolver.resolveTarget(target));
  return { zone, clock, resolver, places };
}

function texts(
  places: readonly { readonly transport: string; readonly address: string; readonly port: number }[],
): string[] {
  return places.map(({ transport, address, port }) => `${transport} ${address} ${port}`);
}

function atOnce(resolution: Resolution) {
  if (resolution instanceof Promise) throw new Error('had to wait');
  return resolution;
}

function srv(target: string, port: number, priority = 0, weight = 0): SrvRecord {
  return { target, port, priority, weight };
}

function naptr(order: number, preference: number, service: string, replacement: string): NaptrRecord {
  return { order, preference, flags: 's', service, regexp: '', replacement };
}

function ways(...names: string[]) {
  return waysOf(
    names.map((text) => {
      const [transport, family] = [text.slice(0, -1), Number(text.at(-1))];
      return { transport, family } as never;
    }),
  );
}

const EXAMPLE = { host: 'example.com' };

/** RFC 3263 §4.1's own example, with addresses. */
function rfc3263(zone: Zone): void {
  zone.pointers['example.com'] = [
    naptr(50, 50, 'SIPS+D2T', '_sips._tcp.example.com'),
    naptr(90, 50, 'SIP+D2T', '_sip._tcp.example.com'),
    naptr(100, 50, 'SIP+D2U', '_sip._udp.example.com'),
  ];
  zone.services['_sips._tcp.example.com'] = [srv('server1.example.com', 5061)];
  zone.services['_sip._tcp.example.com'] = [
    srv('server2.example.com', 5060, 1),
    srv('server1.example.com', 5060),
  ];
  zone.services['_sip._udp.example.com'] = [srv('server2.example.com', 5060)];
  zone.hosts['server1.example.com'] = ['192.0.2.1'];
  zone.hosts['server2.example.com'] = ['192.0.2.2'];
}

describe('an address', () => {
  it.each<[ResolveTarget, string]>([
    [{ host: '192.0.2.1' }, 'udp 192.0.2.1 5060'],
    [{ host: '192.0.2.1', secure: true }, 'tls 192.0.2.1 5061'],
    [{ host: '192.0.2.1', secure: true, transport: 'tcp', port: 5071 }, 'tls 192.0.2.1 5071'],
    [{ host: '192.0.2.1', secure: true, transport: 'ws' }, 'wss 192.0.2.1 443'],
    [{ host: '[2001:DB8::1]', port: 5080 }, 'udp 2001:db8::1 5080'],
    [{ host: '192.0.2.1', transport: 'wss' }, 'wss 192.0.2.1 443'],
    [{ host: '192.0.2.1', ways: ways('tcp4', 'udp6') }, 'udp 192.0.2.1 5060'],
    [{ host: '192.0.2.1', ways: ways('tcp4') }, 'tcp 192.0.2.1 5060'],
  ])('is taken as it is, at once: %j', (target, expected) => {
    const { resolver, zone } = setUp();
    const found = texts(atOnce(resolver.resolveTarget(target)));
    expect(found).toEqual(target.ways === ways('tcp4', 'udp6') ? [] : [expected]);
    expect(zone.asked).toEqual([]);
  });

  it.each<[ResolveTarget]>([
    [{ host: '192.0.2.1', secure: true, transport: 'udp' }],
    [{ host: '192.0.2.1', transport: 'tls', ways: ways('udp4', 'tcp4') }],
    [{ host: '2001:db8::1', ways: ways('udp4') }],
    [{ host: '192.0.2.1', secure: true, ways: ways('udp4', 'tcp4') }],
  ])('is nowhere without a way to it: %j', (target) => {
    expect(atOnce(setUp().resolver.resolveTarget(target))).toEqual([]);
  });

  it('has to prove no name, and a place that a name led to has to prove that', async () => {
    const { resolver, zone } = setUp();
    rfc3263(zone);
    expect(
      atOnce(resolver.resolveTarget({ host: '192.0.2.1', transport: 'tls' }))[0]!.domain,
    ).toBeUndefined();
    const [place] = await resolver.resolveTarget({ ...EXAMPLE, secure: true });
    expect(place).toMatchObject({ address: '192.0.2.1', domain: 'example.com' });
  });
});

describe('NAPTR (RFC 3263 §4.1)', () => {
  it('chooses by order, of what there is a way for', async () => {
    const { zone, places } = setUp();
    rfc3263(zone);
    expect(await places(EXAMPLE)).toEqual(['tls 192.0.2.1 5061']);
    expect(await places({ ...EXAMPLE, ways: ways('udp4', 'tcp4') })).toEqual([
      'tcp 192.0.2.1 5060',
      'tcp 192.0.2.2 5060',
    ]);
    expect(await places({ ...EXAMPLE, ways: ways('udp4') })).toEqual(['udp 192.0.2.2 5060']);
    expect(await places({ ...EXAMPLE, secure: true })).toEqual(['tls 192.0.2.1 5061']);
    expect(await places({ ...EXAMPLE, secure: true, ways: ways('udp4', 'tcp4') })).toEqual([]);
  });

  it('goes by preference within one order, and knows WebSocket', async () => {
    const { zone, places } = setUp();
    zone.pointers['example.com'] = [
      naptr(10, 20, 'sip+d2w', '_sip._ws.example.com'),
      naptr(10, 10, 'SIPS+D2W', '_sips._wss.example.net'),
    ];
    zone.services['_sip._ws.example.com'] = [srv('192.0.2.8', 80)];
    zone.services['_sips._wss.example.net'] = [srv('192.0.2.9', 443)];
    expect(await places(EXAMPLE)).toEqual(['wss 192.0.2.9 443', 'ws 192.0.2.8 80']);
    expect(await places({ ...EXAMPLE, secure: true })).toEqual(['wss 192.0.2.9 443']);
  });

  it('is passed over where no record leads anywhere', async () => {
    const { zone, places } = setUp();
    zone.pointers['example.com'] = [
      { ...naptr(1, 1, 'SIP+D2U', 'sip.example.com'), flags: 'a' },
      { ...naptr(1, 1, 'SIP+D2U', '_sip._udp.example.net'), regexp: '!.*!x!' },
      naptr(1, 1, 'E2U+sip', '_sip._udp.example.net'),
      naptr(1, 1, 'SIP+D2U', '.'),
      naptr(1, 1, 'SIP+D2S', '_sip._sctp.example.com'),
    ];
    zone.hosts['example.com'] = ['192.0.2.1'];
    expect(await places(EXAMPLE)).toEqual(['udp 192.0.2.1 5060']);
  });

  it('is not asked for where the URI gives a transport or a port', async () => {
    const { zone, places } = setUp();
    rfc3263(zone);
    zone.hosts['example.com'] = ['192.0.2.77'];
    expect(await places({ ...EXAMPLE, transport: 'udp' })).toEqual(['udp 192.0.2.2 5060']);
    expect(await places({ ...EXAMPLE, port: 5070 })).toEqual(['udp 192.0.2.77 5070']);
    expect(zone.asked.filter((it) => it.startsWith('NAPTR'))).toEqual([]);
  });
});

describe('SRV (RFC 3263 §4.2)', () => {
  it('is asked for in the order of preference, together with NAPTR, and then the host itself', async () => {
    const { zone, places } = setUp();
    zone.hosts['example.com'] = ['192.0.2.1'];
    expect(await places(EXAMPLE)).toEqual(['udp 192.0.2.1 5060']);
    expect(zone.asked).toEqual([
      'NAPTR example.com',
      'SRV _sip._udp.example.com',
      'SRV _sip._tcp.example.com',
      'A example.com',
      'AAAA example.com',
    ]);
    expect(await places({ ...EXAMPLE, secure: true })).toEqual(['tls 192.0.2.1 5061']);
    expect(zone.asked.at(-1)).toBe('SRV _sips._tcp.example.com');
    expect(await places({ ...EXAMPLE, transport: 'ws' })).toEqual(['ws 192.0.2.1 80']);
  });

  it('gives transport, order and ports', async () => {
    const { zone, places } = setUp();
    zone.services['_sip._tcp.example.com'] = [srv('b.example.com', 5072, 20), srv('a.example.com', 5071, 10)];
    zone.hosts['a.example.com'] = ['192.0.2.1', '2001:DB8::1'];
    zone.hosts['b.example.com'] = ['192.0.2.2'];
    const expected = ['tcp 192.0.2.1 5071', 'tcp 2001:db8::1 5071', 'tcp 192.0.2.2 5072'];
    zone.hosts['a.example.com'] = ['192.0.2.1', '2001:db8::1'];
    expect(await places(EXAMPLE)).toEqual(expected);
    expect(await places({ ...EXAMPLE, transport: 'tcp' })).toEqual(expected);
  });

  it('of one transport leaves the other its turn; without any way the host itself is none', async () => {
    const { zone, places } = setUp();
    zone.services['_sip._udp.example.com'] = [srv('.', 0)];
    zone.hosts['example.com'] = ['192.0.2.1'];
    expect(await places(EXAMPLE)).toEqual([]);
    zone.services['_sip._tcp.example.org'] = [srv('example.com', 5060)];
    zone.services['_sip._udp.example.org'] = [srv('.', 0)];
    expect(await places({ host: 'example.org' })).toEqual(['tcp 192.0.2.1 5060']);
  });

  it('leads to the same server of several for the same call, and to all of them over many calls', async () => {
    const { zone, places } = setUp();
    zone.services['_sip._udp.example.com'] = [srv('192.0.2.1', 5060, 0, 1), srv('192.0.2.2', 5060, 0, 3)];
    const firsts = new Map<string, number>();
    for (let call = 0; call < 4000; call++) {
      const target = { ...EXAMPLE, seed: `call-${call}@example.com` };
      const [first] = await places(target);
      expect((await places(target))[0]).toBe(first);
      firsts.set(first!, (firsts.get(first!) ?? 0) + 1);
    }
    const share = firsts.get('udp 192.0.2.2 5060')! / 4000;
    expect(share).toBeGreaterThan(0.65);
    expect(share).toBeLessThan(0.85);
  });

  it('is followed no further than is sensible', async () => {
    const { zone, places } = setUp();
    zone.services['_sip._udp.example.com'] = Array.from({ length: 100 }, (_, i) =>
      srv(`h${i}.example.com`, 5060),
    );
    for (let i = 0; i < 100; i++) {
      zone.hosts[`h${i}.example.com`] = Array.from({ length: 50 }, (_, j) => `10.0.${i}.${j}`);
    }
    expect(await places(EXAMPLE)).toHaveLength(32);
    expect(zone.asked.filter((it) => it.startsWith('A '))).toHaveLength(16);
  });
});

describe('addresses of a host', () => {
  it('are asked for only in families that there is a way for', async () => {
    const { zone, places } = setUp();
    zone.hosts['sip.example.com'] = ['192.0.2.1', '2001:db8::1'];
    const target = { host: 'SIP.example.com.', port: 5070 };
    expect(await places({ ...target, ways: ways('udp6', 'tcp4') })).toEqual(['udp 2001:db8::1 5070']);
    expect(zone.asked).toEqual(['AAAA sip.example.com']);
    expect(await places(target)).toEqual(['udp 192.0.2.1 5070', 'udp 2001:db8::1 5070']);
  });

  it('come from the machine itself before anybody is asked', () => {
    const { zone, resolver } = setUp();
    zone.locals.pbx = ['10.0.0.5'];
    expect(texts(atOnce(resolver.resolveTarget({ host: 'PBX' })))).toEqual(['udp 10.0.0.5 5060']);
    expect(zone.asked).toEqual([]);
  });

  it('come from what else the system knows, where DNS says that there are none', async () => {
    const { zone, places } = setUp();
    zone.systems['sip.default'] = ['10.0.0.5'];
    expect(await places({ host: 'sip.default' })).toEqual(['udp 10.0.0.5 5060']);
    zone.broken = true;
    expect(await places({ host: 'pbx.default' })).toEqual([]);
    expect(zone.asked).not.toContain('system pbx.default');
  });

  it('are not asked for where the name is none', () => {
    const { zone, resolver } = setUp();
    expect(atOnce(resolver.resolveTarget({ host: '' }))).toEqual([]);
    expect(atOnce(resolver.resolveTarget({ host: 'a'.repeat(300) }))).toEqual([]);
    expect(zone.asked).toEqual([]);
  });
});

describe('what was found', () => {
  const target = { host: 'example.com', port: 5060 };

  it('holds until its records lapse', async () => {
    const { zone, clock, resolver, places } = setUp();
    zone.hosts['example.com'] = ['192.0.2.1'];
    await places(target);
    zone.hosts['example.com'] = ['192.0.2.2'];
    clock.advance(29_999);
    expect(texts(atOnce(resolver.resolveTarget(target)))).toEqual(['udp 192.0.2.1 5060']);
    clock.advance(1);
    expect(await places(target)).toEqual(['udp 192.0.2.2 5060']);
  });

  it('holds for the shortest TTL on the way', async () => {
    const { zone, clock, resolver } = setUp();
    zone.services['_sip._udp.example.com'] = [srv('a.example.com', 5060)];
    zone.hosts['a.example.com'] = ['192.0.2.1'];
    await resolver.resolveTarget({ host: 'a.example.com', port: 1 });
    clock.advance(10_000);
    const [place] = await resolver.resolveTarget(EXAMPLE);
    expect(place!.expires - clock.now()).toBe(20_000);
    expect(place!.by).toBe('SRV _sip._udp.example.com');
  });

  it('is shared while it is looked for, and failure is remembered for ten seconds', async () => {
    const { zone, clock, places, resolver } = setUp();
    zone.broken = true;
    expect(await Promise.all([places(target), places(target)])).toEqual([[], []]);
    clock.advance(9_999);
    expect(await places(target)).toEqual([]);
    expect(zone.asked.filter((question) => question === 'A example.com')).toHaveLength(1);
    zone.broken = false;
    zone.hosts['example.com'] = ['192.0.2.1'];
    clock.advance(1);
    expect(await places(target)).toEqual(['udp 192.0.2.1 5060']);
    expect(resolver.counters).toMatchObject({ failed: 2 });
  });

  it('is denied for as long as the SOA says, within bounds', async () => {
    const { zone, clock, places } = setUp();
    zone.ttl = 86_400;
    expect(await places(target)).toEqual([]);
    zone.hosts['example.com'] = ['192.0.2.1'];
    clock.advance(299_999);
    expect(await places(target)).toEqual([]);
    clock.advance(1);
    expect(await places(target)).toEqual(['udp 192.0.2.1 5060']);
  });

  it('serves on for an hour while no name server answers', async () => {
    const { zone, clock, places } = setUp();
    zone.hosts['example.com'] = ['192.0.2.1'];
    await places(target);
    zone.broken = true;
    clock.advance(60_000);
    expect(await places(target)).toEqual(['udp 192.0.2.1 5060']);
    clock.advance(3_500_000);
    expect(await places(target)).toEqual(['udp 192.0.2.1 5060']);
    clock.advance(100_000);
    expect(await places(target)).toEqual([]);
  });

  it('serves on while a name server takes its time', async () => {
    const { zone, clock, resolver } = setUp();
    zone.hosts['example.com'] = ['192.0.2.1'];
    await resolver.resolveTarget(target);
    clock.advance(30_000);
    const { promise, resolve } = Promise.withResolvers<void>();
    zone.wait = promise;
    zone.hosts['example.com'] = ['192.0.2.2'];
    const waiting = resolver.resolveTarget(target);
    await clock.advanceAsync(1800);
    expect(texts(await waiting)).toEqual(['udp 192.0.2.1 5060']);
    expect(texts(await resolver.resolveTarget(target))).toEqual(['udp 192.0.2.1 5060']);
    resolve();
    await clock.advanceAsync(0);
    expect(texts(atOnce(resolver.resolveTarget(target)))).toEqual(['udp 192.0.2.2 5060']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is looked for by no more than a bounded number at a time', async () => {
    const { zone, resolver } = setUp();
    const waiting = Array.from({ length: 600 }, (_, i) => resolver.resolveTarget({ host: `h${i}`, port: 1 }));
    expect(waiting.filter((resolution) => resolution instanceof Promise)).toHaveLength(256);
    await Promise.all(waiting);
    expect(zone.asked.filter((question) => question.startsWith('A '))).toHaveLength(256);
    expect(resolver.counters).toMatchObject({ refused: 2 * (600 - 256) });
  });
});

describe('orderSrv', () => {
  it('goes by priority, and within one by weight', () => {
    const records = [srv('c', 1, 20, 5), srv('a', 1, 10, 1), srv('b', 1, 10, 3)];
    const firsts: string[] = [];
    for (let drawn = 0; drawn < 5; drawn++) {
      const ordered = orderSrv(records, { uint32: () => drawn });
      expect(ordered.at(-1)!.target).toBe('c');
      firsts.push(ordered[0]!.target);
    }
    expect(firsts).toEqual(['a', 'b', 'b', 'b', 'a']);
  });

  it.each([
    ['weights', [10, 30, 60], [0.1, 0.3, 0.6]],
    ['no weights', [0, 0, 0], [1 / 3, 1 / 3, 1 / 3]],
  ])('spreads many draws by %s', (_what, weights, shares) => {
    const records = weights.map((weight, i) => srv(String(i), 1, 0, weight));
    const ids = new RandomIds();
    for (const draws of [
      (_: number) => ids,
      (i: number) => new SeededDraws(`${i}@10.0.0.34`),
      (i: number) => new SeededDraws(`a84b4c76e66710${i}`),
    ]) {
      const count = [0, 0, 0];
      for (let i = 0; i < 20_000; i++) count[Number(orderSrv(records, draws(i))[0]!.target)]! += 1;
      shares.forEach((share, i) => {
        expect(Math.abs(count[i]! / 20_000 - share)).toBeLessThan(0.03);
      });
    }
  });
});
