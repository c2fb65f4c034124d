import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { channels } from '../../../base/channels.ts';
import { FakeClock } from '../../../base/fake-clock.ts';
import { RandomIds } from '../../../base/ids.ts';
import { TimerWheel } from '../../../base/timer-wheel.ts';
import type { FastRule, MediaPort } from '../packet-path.ts';
import { FakePath, type FakePort } from '../testing/fake-path.ts';
import { KernelPath } from './kernel-path.ts';
import { FakeKernel } from './testing/fake-kernel.ts';

const HERE = '10.0.0.1';
const ALICE = { address: '192.0.2.10', port: 4000 };
const BOB = { address: '198.51.100.20', port: 5000 };

const opened: AsyncDisposable[] = [];
const said: string[] = [];
const listen = (line: unknown): void => {
  const { level, text } = line as { level: string; text: string };
  said.push(`${level}: ${text}`);
};

beforeEach(() => channels.log.subscribe(listen));

afterEach(async () => {
  for (const it of opened.splice(0)) await it[Symbol.asyncDispose]();
  channels.log.unsubscribe(listen);
  said.length = 0;
});

async function scene({ kernel = new FakeKernel(), silenceMs = 60_000, ready = true } = {}) {
  const clock = new FakeClock();
  const below = new FakePath();
  const wheel = new TimerWheel(clock);
  const ids = new RandomIds();
  const path = new KernelPath(below, { clock, wheel, ids, trafficClass: 0xb8, silenceMs, tools: kernel });
  opened.push(path);
  expect(await path.ready).toBe(ready);
  kernel.routes.set(ALICE.address, { gateway: '10.0.0.254', dev: 'lo0', prefsrc: HERE });
  kernel.routes.set(BOB.address, { dev: 'wan.5', prefsrc: HERE });
  kernel.scripts.length = 0;

  let nextPort = 30_000;
  /** Two ports, with rules both ways. */
  async function call(rule: Partial<FastRule> = {}) {
    const port = nextPort;
    nextPort += 4;
    const [{ rtp: left }, { rtp: right }] = [
      await path.openPair(HERE, port),
      await path.openPair(HERE, port + 2),
    ];
    const there: FastRule = { source: ALICE, ssrc: 0x1234, via: right, to: BOB, ...rule };
    const back: FastRule = { source: BOB, ssrc: 0xfedcba98, via: left, to: ALICE, ...rule };
    left.setFast(there);
    right.setFast(back);
    return { left, right, there, back };
  }
  const belowOf = ({ port }: MediaPort): FakePort => below.ports.find((it) => it.port === port)!;
  const counted = (name: string, packets: number, bytes: number): void => {
    Object.assign(kernel.table!.counters.get(name)!, { packets, bytes });
  };
  return { clock, wheel, below, path, kernel, call, belowOf, counted };
}

describe('the kernel path', () => {
  it('gives a rule to the path below at once, and to the kernel soon', async () => {
    const { clock, kernel, call, belowOf } = await scene();
    const { left, right } = await call();
    expect(belowOf(left).rule).toMatchObject({ source: ALICE, via: belowOf(right), to: BOB });
    expect(kernel.elements).toEqual([]);
    await clock.advanceAsync(300);
    const { chains } = kernel.table!;
    expect(kernel.elements).toEqual([
      `192.0.2.10 . 4000 . ${HERE} . 30000 : f1`,
      `198.51.100.20 . 5000 . ${HERE} . 30002 : f2`,
    ]);
    expect(chains.get('f1')).toEqual([
      'meta length <= 1280 @th,64,2 2 @th,72,3 != 6 @th,128,32 4660 counter name f1 ip dscp set 46 ' +
        `ip saddr set ${HERE} ip daddr set 198.51.100.20 udp sport set 30002 udp dport set 5000 ` +
        'fwd ip to 198.51.100.20 device "wan.5"',
    ]);
    expect(chains.get('f2')![0]).toContain('@th,128,32 4275878552 ');
    expect(chains.get('f2')![0]).toContain('fwd ip to 10.0.0.254 device "lo0"');
    expect(chains.get('in0')![0]).toBe('{ type filter hook ingress device "lo0" priority -150; }');
    expect(chains.get('in1')![0]).toBe('{ type filter hook ingress device "wan.5" priority -150; }');
    expect([...kernel.table!.maps.keys()]).toEqual(['flows4', 'flows6']);
  });

  it('lets one child load many calls, and the next what was wanted meanwhile', async () => {
    const { clock, kernel, call } = await scene();
    await Promise.all([call(), call(), call()]);
    const release = kernel.hold();
    await clock.advanceAsync(300);
    expect(kernel.scripts.length).toBe(1);
    const late = await call();
    await call();
    late.left.setFast(undefined);
    await clock.advanceAsync(300);
    expect(kernel.scripts.length).toBe(1);
    release();
    await clock.advanceAsync(0);
    expect(kernel.scripts.length).toBe(2);
    expect(kernel.elements.length).toBe(9);
  });

  it('takes a flow back at once, and reads its counter before it goes', async () => {
    const { clock, kernel, call, belowOf, counted } = await scene();
    const { left, right } = await call();
    await clock.advanceAsync(300);
    left.setFast(undefined);
    expect(belowOf(left).rule).toBeUndefined();
    await clock.advanceAsync(0);
    expect(kernel.elements).toEqual([`198.51.100.20 . 5000 . ${HERE} . 30002 : f2`]);
    counted('f1', 10, 10 * 200);
    await clock.advanceAsync(6000);
    expect(left.counters()).toMatchObject({ packetsIn: 10, octetsIn: 1720, packetsOut: 0 });
    expect(right.counters()).toMatchObject({ packetsIn: 0, packetsOut: 10, octetsOut: 1720 });
    expect([...kernel.table!.counters.keys()]).toEqual(['f2']);
    expect(kernel.table!.chains.has('f1')).toBe(false);
  });

  it('adds what the kernel counted to what came by below, and says when it was seen', async () => {
    const { clock, call, belowOf, counted } = await scene();
    const { left } = await call();
    belowOf(left).arrive(Buffer.alloc(12), ALICE.address, ALICE.port);
    await clock.advanceAsync(1000);
    expect(left.counters()).toMatchObject({ packetsIn: 1, octetsIn: 12, lastFast: undefined });
    counted('f1', 3, 3 * 60);
    await clock.advanceAsync(5000);
    const { lastFast, ...counters } = left.counters();
    expect(counters).toMatchObject({ packetsIn: 4, octetsIn: 12 + 3 * 32 });
    expect(lastFast).toBeGreaterThan(1000);
    await clock.advanceAsync(20_000);
    expect(left.counters().lastFast).toBe(lastFast);
    belowOf(left).lastFast = 25_000;
    expect(left.counters().lastFast).toBe(25_000);
  });

  it('notices packets the earlier, the sooner silence ends calls', async () => {
    const { clock, call, counted } = await scene({ silenceMs: 4000 });
    const { left } = await call();
    await clock.advanceAsync(300);
    counted('f1', 1, 200);
    await clock.advanceAsync(1100);
    expect(left.counters().packetsIn).toBe(1);
  });

  it('never loads what is taken back before', async () => {
    const { clock, kernel, call } = await scene();
    const { left, right } = await call();
    left.setFast(undefined);
    right.close();
    await clock.advanceAsync(1000);
    expect(kernel.scripts).toEqual([]);
  });

  it('replaces a flow by another one of the same source in one step', async () => {
    const { clock, kernel, call } = await scene();
    const { left, there } = await call();
    await clock.advanceAsync(300);
    left.setFast({ ...there, ssrc: 7, aside: [101, 101, 126] });
    await clock.advanceAsync(0);
    expect(kernel.elements).toContain(`192.0.2.10 . 4000 . ${HERE} . 30000 : f3`);
    expect(kernel.table!.chains.get('f3')![0]).toContain('@th,73,7 != { 101, 126 } @th,128,32 7 ');
    const script = kernel.scripts.at(-1)!;
    expect(script.indexOf('delete element')).toBeLessThan(script.indexOf('add element'));
  });

  it('leaves to user space what only that can do', async () => {
    const { clock, kernel, path, call, belowOf } = await scene();
    const recorded = await call({ copies: true });
    await call({ ssrc: undefined });
    await call({ to: { address: HERE, port: 9 }, source: { address: 'fe80::1%eth0', port: 9 } });
    const { rtp: six } = await path.openPair('2001:db8::1', 40_000);
    recorded.left.setFast({ ...recorded.there, via: six });
    await clock.advanceAsync(1000);
    expect(kernel.elements).toEqual([]);
    expect(belowOf(recorded.right).rule).toMatchObject({ copies: true });
  });

  it('loads IPv6', async () => {
    const { clock, kernel, path } = await scene();
    const [a, b] = ['2001:db8:1::a', '2001:db8:2::b'];
    for (const to of [a, b])
      kernel.routes.set(to, { gateway: 'fe80::1', dev: 'wan', prefsrc: '2001:db8::1' });
    const [{ rtp: left }, { rtp: right }] = [
      await path.openPair('2001:db8::1', 40_000),
      await path.openPair('2001:db8::1', 40_002),
    ];
    left.setFast({ source: { address: a, port: 1 }, ssrc: 1, via: right, to: { address: b, port: 2 } });
    await clock.advanceAsync(300);
    expect([...kernel.table!.maps.get('flows6')!]).toEqual([[`${a} . 1 . 2001:db8::1 . 40000`, 'f1']]);
    expect(kernel.table!.chains.get('f1')![0]).toContain(`ip6 daddr set ${b} `);
    expect(kernel.table!.chains.get('f1')![0]).toContain('fwd ip6 to fe80::1 device "wan"');
  });

  it('asks the kernel for the address where it listens on all', async () => {
    const { clock, kernel, path } = await scene();
    const [{ rtp: left }, { rtp: right }] = [
      await path.openPair('0.0.0.0', 40_000),
      await path.openPair('0.0.0.0', 40_002),
    ];
    left.setFast({ source: ALICE, ssrc: 1, via: right, to: BOB });
    await clock.advanceAsync(300);
    expect(kernel.elements).toEqual([`192.0.2.10 . 4000 . ${HERE} . 40000 : f1`]);
    expect(kernel.table!.chains.get('f1')![0]).toContain(`ip saddr set ${HERE} `);
  });

  it('waits for a way, and follows when it changes', async () => {
    const { clock, kernel, call } = await scene();
    const bobs = kernel.routes.get(BOB.address)!;
    kernel.routes.set(BOB.address, { type: 'local', dev: 'lo', prefsrc: BOB.address });
    await call();
    await clock.advanceAsync(1000);
    expect(kernel.elements).toEqual([]);
    kernel.routes.set(BOB.address, bobs);
    await clock.advanceAsync(6000);
    expect(kernel.elements.length).toBe(2);
    kernel.routes.set(BOB.address, { gateway: '10.0.0.253', dev: 'wan.6', prefsrc: HERE });
    await clock.advanceAsync(6000);
    expect(kernel.elements.length).toBe(2);
    expect(kernel.table!.chains.get('f3')![0]).toContain('fwd ip to 10.0.0.253 device "wan.6"');
  });

  it('voids flows that leave by a closed port, and frees its place before it is opened again', async () => {
    const { clock, kernel, path, call, belowOf } = await scene();
    const { left, right } = await call();
    await clock.advanceAsync(300);
    right.close();
    left.close();
    expect(belowOf(right).open).toBe(false);
    const opening = path.openPair(HERE, right.port);
    await clock.advanceAsync(0);
    await opening;
    expect(kernel.elements).toEqual([]);
  });

  it('begins anew at once where its table is gone', async () => {
    const { clock, kernel, call, belowOf } = await scene();
    const { left } = await call();
    await clock.advanceAsync(300);
    const { rule } = belowOf(left);
    belowOf(left).rule = undefined;
    kernel.tables.clear();
    await clock.advanceAsync(6000);
    expect(kernel.elements.length).toBe(2);
    // Below, packets came again for a while: they begin anew there.
    expect(belowOf(left).rule).toBe(rule);
    expect(said).toEqual([]);
  });

  it('goes through user space for a while where the kernel keeps refusing, and says so once', async () => {
    const { clock, kernel, call } = await scene();
    kernel.faults.push('no room', 'no room', 'no room', 'no room');
    await call();
    await clock.advanceAsync(300);
    expect(kernel.scripts.length).toBe(2);
    await call();
    await clock.advanceAsync(4500);
    expect(kernel.scripts.length).toBe(2);
    expect(kernel.tables.size).toBe(0);
    expect(said).toEqual(['warn: media goes through user space for now: nft: no room']);
    await clock.advanceAsync(16_000);
    expect(kernel.scripts.length).toBe(4);
    await clock.advanceAsync(20_000);
    expect(kernel.elements.length).toBe(4);
    expect(said.slice(1)).toEqual(['info: the kernel forwards media again']);
  });

  it('counts on after its table was made anew', async () => {
    const { clock, kernel, call, counted } = await scene();
    const { left } = await call();
    await clock.advanceAsync(300);
    counted('f1', 10, 2000);
    await clock.advanceAsync(6000);
    kernel.tables.clear();
    await clock.advanceAsync(6000);
    counted('f1', 1, 200);
    await clock.advanceAsync(6000);
    expect(left.counters().packetsIn).toBe(11);
  });

  it('does without the kernel where it may not have it, and says so once', async () => {
    const kernel = new FakeKernel();
    kernel.faults.push('Operation not permitted');
    const { clock, path, call, belowOf, below } = await scene({ kernel, ready: false });
    const { left, right } = await call();
    await clock.advanceAsync(10_000);
    left.setFast(undefined);
    right.close();
    await path.openPair(HERE, 50_000);
    expect([kernel.scripts, kernel.tables.size, path.name]).toEqual([[], 0, 'portable']);
    expect(belowOf(left).rule).toBeUndefined();
    expect(said).toEqual(["warn: packets take the portable path: not the kernel's: Operation not permitted"]);
    await path[Symbol.asyncDispose]();
    expect(below.closed).toBe(true);
  });

  it('takes away the tables of dead relays, and leaves those of the living', async () => {
    const first = await scene();
    const { kernel } = first;
    const [living] = [...kernel.tables.keys()];
    for (const name of ['viaduct_media_0badcafe', 'somebody_elses']) {
      kernel.tables.set(name, { maps: new Map(), chains: new Map(), counters: new Map() });
    }
    await scene({ kernel });
    expect(kernel.tables.size).toBe(3);
    expect(kernel.tables.has(living!)).toBe(true);
    expect(kernel.tables.has('somebody_elses')).toBe(true);
    expect(kernel.tables.has('viaduct_media_0badcafe')).toBe(false);
  });

  it('leaves nothing behind', async () => {
    const { clock, wheel, kernel, path, call, below } = await scene();
    const [table] = [...kernel.tables.keys()];
    await call();
    await clock.advanceAsync(300);
    await path[Symbol.asyncDispose]();
    await path[Symbol.asyncDispose]();
    expect([kernel.tables.size, wheel.size, below.closed]).toEqual([0, 0, true]);
    const refusal = new Promise((resolve) => connect({ path: `\0${table}` }).once('error', resolve));
    expect(await refusal).toMatchObject({ code: 'ECONNREFUSED' });
  });
});
