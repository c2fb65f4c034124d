import { describe, expect, it } from 'vitest';
import { BoundedMap } from './bounded-map.ts';
import { ServerError } from './errors.ts';
import { FakeClock } from './fake-clock.ts';
import { RandomIds, SequentialIds } from './ids.ts';
import { TokenBucket } from './token-bucket.ts';

describe('BoundedMap', () => {
  it('drops the oldest where that is its policy, and counts it', () => {
    const map = new BoundedMap<string, number>(2, 'drop-oldest');
    for (const [i, key] of ['a', 'b', 'a', 'c'].entries()) expect(map.set(key, i)).toBe(true);
    expect([...map.keys()]).toEqual(['b', 'c']);
    expect(map.overflowed).toBe(1);
  });

  it('refuses new keys where that is its policy, and still takes known ones', () => {
    const map = new BoundedMap<string, number>(1, 'refuse-new');
    expect(map.set('a', 1)).toBe(true);
    expect(map.set('b', 2)).toBe(false);
    expect(map.set('a', 3)).toBe(true);
    expect(map.get('a')).toBe(3);
    expect(map.overflowed).toBe(1);
    expect(map.size).toBe(1);
  });
});

describe('TokenBucket', () => {
  it('gives the burst at once and then the rate', () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket(clock, 10, 3);
    expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([true, true, true, false]);
    clock.advance(100);
    expect([bucket.take(), bucket.take()]).toEqual([true, false]);
    clock.advance(60_000);
    expect([1, 2, 3, 4].map(() => bucket.take())).toEqual([true, true, true, false]);
  });
});

describe('ids', () => {
  it('are tokens of the length asked for', () => {
    const ids = new RandomIds();
    const tokens = Array.from({ length: 3000 }, () => ids.token(16));
    expect(new Set(tokens).size).toBe(3000);
    for (const token of tokens) expect(token).toMatch(/^[0-9a-zA-Z_-]{16}$/);
    expect(ids.uint32()).toBeLessThan(2 ** 32);
  });

  it('can be foreseen by a test', () => {
    const ids = new SequentialIds();
    expect([ids.token(4), ids.token(4), ids.uint32()]).toEqual(['0001', '0002', 3]);
  });
});

describe('ServerError', () => {
  it('carries its code, hint and cause', () => {
    const cause = new Error('inner');
    const error = new ServerError('STORE_UNAVAILABLE', 'no store', { hint: 'make one', cause });
    expect(error).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      hint: 'make one',
      cause,
      message: 'no store',
      name: 'ServerError',
    });
  });
});

describe('FakeClock', () => {
  it('fires in the order of time, then of setting, timers set on the way included', () => {
    const clock = new FakeClock();
    const fired: string[] = [];
    clock.setTimer(20, () => fired.push('c'));
    clock.setTimer(10, () => {
      fired.push('a');
      clock.setTimer(5, () => fired.push('b'));
    });
    clock.setTimer(20, () => fired.push('d'));
    const cancelled = clock.setTimer(1, () => fired.push('never'));
    cancelled.cancel();
    clock.advance(19);
    expect(fired).toEqual(['a', 'b']);
    clock.advance(1);
    expect(fired).toEqual(['a', 'b', 'c', 'd']);
    expect(clock.now()).toBe(20);
    expect(clock.wallNow()).toBe(Date.UTC(2026, 0, 1) + 20);
  });
});
