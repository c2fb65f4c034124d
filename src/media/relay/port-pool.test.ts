import { describe, expect, it } from 'vitest';
import { channels } from '../../base/channels.ts';
import { FakeClock } from '../../base/fake-clock.ts';
import { RandomIds } from '../../base/ids.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import { PortPool } from './port-pool.ts';
import type { RelaySettings } from './relay-settings.ts';
import { FakePath } from './testing/fake-path.ts';

const HERE = '198.51.100.1';
const FEW = { min: 40_000, max: 40_007 };

function setUp(ports: RelaySettings['ports'] = FEW) {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const path = new FakePath();
  const pool = new PortPool(path, { ports, drainMs: 2000 }, clock, wheel, new RandomIds());
  const take = async (address = HERE) => (await pool.take(address))?.rtp.port;
  return { clock, wheel, path, pool, take };
}

describe('the pool of ports', () => {
  it('gives even ports with their odd neighbours, each once', async () => {
    const { pool } = setUp();
    const pairs = [];
    for (let i = 0; i < 4; i++) pairs.push((await pool.take(HERE))!);
    expect(pairs.map(({ rtp }) => rtp.port).sort()).toEqual([40_000, 40_002, 40_004, 40_006]);
    for (const { rtp, rtcp } of pairs) expect(rtcp.port).toBe(rtp.port + 1);
    expect(await pool.take(HERE)).toBeUndefined();
    expect(pool.counters).toMatchObject({ open: 4, opened: 4, exhausted: 1 });
  });

  it('keeps within the range, both ends included', async () => {
    const { take } = setUp({ min: 40_001, max: 40_004 });
    expect([await take(), await take()]).toEqual([40_002, undefined]);
    expect(await setUp({ min: 40_002, max: 40_003 }).take()).toBe(40_002);
  });

  it('takes an explicit list, of which only pairs count', async () => {
    const { take } = setUp([40_010, 40_021, 40_020, 40_031, 40_020]);
    expect([await take(), await take()]).toEqual([40_020, undefined]);
  });

  it.each([
    ['no pair', [40_001, 40_003]],
    ['an empty range', { min: 40_000, max: 40_000 }],
  ])('refuses %s', (_, ports) => {
    expect(() => setUp(ports)).toThrow(/media ports/);
  });

  it('gives them in no order that a stranger could know', async () => {
    const orders = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const { take } = setUp({ min: 40_000, max: 40_199 });
      const ports = [];
      for (let i = 0; i < 100; i++) ports.push(await take());
      expect(new Set(ports).size).toBe(100);
      orders.add(ports.join());
    }
    expect(orders.size).toBe(20);
  });

  it('has ports for each address', async () => {
    const { take } = setUp({ min: 40_000, max: 40_001 });
    expect([await take(), await take('198.51.100.2'), await take()]).toEqual([40_000, 40_000, undefined]);
  });

  it('keeps what is given back bound until it is drained', async () => {
    const { clock, path, pool, wheel } = setUp({ min: 40_000, max: 40_001 });
    const pair = (await pool.take(HERE))!;
    pool.giveBack(HERE, pair);
    expect(pool.counters).toMatchObject({ open: 0, draining: 1 });
    await clock.advanceAsync(1900);
    expect(await pool.take(HERE)).toBeUndefined();
    expect(path.open).toHaveLength(2);
    await clock.advanceAsync(200);
    expect(path.open).toEqual([]);
    expect(pool.counters.draining).toBe(0);
    expect((await pool.take(HERE))?.rtp.port).toBe(40_000);
    expect(wheel.size).toBe(0);
  });

  it('drains each for its own time', async () => {
    const { clock, path, pool } = setUp();
    const [one, two] = [(await pool.take(HERE))!, (await pool.take(HERE))!];
    pool.giveBack(HERE, one);
    await clock.advanceAsync(1500);
    pool.giveBack(HERE, two);
    await clock.advanceAsync(600);
    expect(path.open.map(({ port }) => port)).toEqual([two.rtp.port, two.rtcp.port]);
    await clock.advanceAsync(1500);
    expect(path.open).toEqual([]);
  });

  it("passes over other programs' ports, and tries them again later", async () => {
    const { clock, path, pool, take } = setUp();
    for (const port of [40_000, 40_002, 40_004]) path.occupied.add(port);
    expect(await take()).toBe(40_006);
    expect(await take()).toBeUndefined();
    expect(pool.counters.occupied).toBe(3);
    path.occupied.clear();
    expect(await take()).toBeUndefined();
    clock.advance(60_000);
    expect(await take()).toBeDefined();
  });

  it('tries so many only, where others have all', async () => {
    const { path, pool, take } = setUp({ min: 40_000, max: 40_999 });
    for (let port = 40_000; port < 41_000; port++) path.occupied.add(port);
    expect(await take()).toBeUndefined();
    expect(pool.counters).toMatchObject({ occupied: 64, exhausted: 1 });
  });

  it('keeps a port that could not be opened for another reason', async () => {
    const { path, pool, take } = setUp({ min: 40_000, max: 40_001 });
    path.missing.add(HERE);
    expect(await take()).toBeUndefined();
    path.missing.clear();
    expect(await take()).toBe(40_000);
    expect(pool.counters).toMatchObject({ failed: 1, exhausted: 0 });
  });

  it('says once why there are no ports, and again when there were some in between', async () => {
    const lines: unknown[] = [];
    const note = (line: unknown) => lines.push((line as { text: string }).text);
    channels.log.subscribe(note);
    const { clock, path, pool } = setUp({ min: 40_000, max: 40_001 });
    path.missing.add(HERE);
    for (let i = 0; i < 3; i++) await pool.take(HERE);
    path.missing.clear();
    pool.giveBack(HERE, (await pool.take(HERE))!);
    for (let i = 0; i < 3; i++) await pool.take(HERE);
    clock.advance(3000);
    await pool.take(HERE);
    await pool.take(HERE);
    channels.log.unsubscribe(note);
    expect(lines).toEqual([
      `no media port at ${HERE}: EADDRNOTAVAIL`,
      `no media port at ${HERE}: all are in use`,
      `no media port at ${HERE}: all are in use`,
    ]);
  });

  it('closes everything when it is closed, what comes back later too', async () => {
    const { path, pool, wheel } = setUp();
    const [one, two] = [(await pool.take(HERE))!, (await pool.take(HERE))!];
    pool.giveBack(HERE, one);
    const late = pool.take(HERE);
    pool.close();
    pool.giveBack(HERE, two);
    expect(await late).toBeUndefined();
    expect(path.open).toEqual([]);
    expect(wheel.size).toBe(0);
    expect(await pool.take(HERE)).toBeUndefined();
  });
});
