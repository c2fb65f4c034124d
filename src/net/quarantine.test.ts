import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock.ts';
import type { Destination } from './network.ts';
import { Quarantine, type QuarantineSettings } from './quarantine.ts';

const [A, B, C] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(
  (address): Destination => ({ transport: 'udp', address, port: 5060 }),
) as [Destination, Destination, Destination];

function setUp(settings: Partial<QuarantineSettings> = {}) {
  const clock = new FakeClock();
  return { clock, quarantine: new Quarantine(clock, { firstMs: 10_000, longestMs: 60_000, ...settings }) };
}

describe('Quarantine', () => {
  it('puts what failed behind the others, and changes nothing else', () => {
    const { quarantine } = setUp();
    const all = [A, B, C];
    expect(quarantine.order(all)).toBe(all);
    quarantine.failed(A, 'no answer');
    expect(quarantine.order(all)).toEqual([B, C, A]);
    quarantine.failed(B, 'no answer');
    expect(quarantine.order(all)).toEqual([C, A, B]);
    quarantine.failed(C, 'no answer');
    expect(quarantine.order(all)).toBe(all);
    expect(quarantine.order([{ ...A, transport: 'tcp' }, { ...A, port: 5070 }, A]).at(-1)).toBe(A);
  });

  it('lets out whoever is heard, and nobody else', () => {
    const { quarantine, clock } = setUp();
    quarantine.failed(A, 'no answer');
    clock.advance(1_000_000);
    expect(quarantine.order([A, B])).toEqual([B, A]);
    quarantine.heard(B);
    quarantine.heard(A);
    expect(quarantine.order([A, B])).toEqual([A, B]);
    expect(quarantine.counters).toEqual({ entered: 1, released: 1 });
  });

  it('tells a watcher of what happens here, and of nothing that it learned', () => {
    const { quarantine } = setUp();
    const told: string[] = [];
    quarantine.watcher = {
      failed: ({ destination, failures }) => told.push(`${destination.address} failed ${failures}`),
      heard: ({ address }) => told.push(`${address} heard`),
    };
    quarantine.failed(A, 'no answer');
    quarantine.heard(B);
    const [entry] = quarantine.all();
    quarantine.heard(A);
    quarantine.learn(entry!);
    expect(quarantine.order([A, B])).toEqual([B, A]);
    quarantine.forget(A);
    expect(quarantine.size).toBe(0);
    expect(told).toEqual([`${A.address} failed 1`, `${A.address} heard`]);
  });

  it('has probed when the time is over, each time twice as long, up to a bound', () => {
    const { quarantine, clock } = setUp();
    for (const period of [10_000, 20_000, 40_000, 60_000, 60_000]) {
      quarantine.failed(A, 'no answer');
      clock.advance(period - 1);
      expect(quarantine.due()).toEqual([]);
      clock.advance(1);
      expect(quarantine.due()).toMatchObject([{ destination: A }]);
    }
  });

  it('leaves alone as long as was asked for, within bounds', () => {
    const { quarantine, clock } = setUp();
    quarantine.failed(A, '503', 3000);
    quarantine.failed(B, '503', 1e12);
    clock.advance(3000);
    expect(quarantine.due().map(({ destination }) => destination)).toEqual([A]);
    clock.advance(57_000);
    expect(quarantine.due()).toHaveLength(2);
  });

  it('forgets what it hears no more of, and holds no more than it may', () => {
    const { quarantine, clock } = setUp({ maxEntries: 2 });
    for (const place of [A, B, C]) quarantine.failed(place, 'no answer');
    expect(quarantine.all().map(({ destination }) => destination)).toEqual([B, C]);
    clock.advance(3_600_000);
    expect(quarantine.due()).toEqual([]);
    expect(quarantine.size).toBe(0);
  });
});
