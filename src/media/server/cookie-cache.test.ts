import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import { CookieCache, REMEMBERED_MS } from './cookie-cache.ts';

describe('CookieCache', () => {
  it('remembers for 35 s and more, and no longer than it says', () => {
    const clock = new FakeClock();
    const cache = new CookieCache(clock);
    const exchange = cache.begin('1_2_3');
    exchange.answer = '0';
    clock.advance(35_000);
    expect(cache.find('1_2_3')).toBe(exchange);
    clock.advance(REMEMBERED_MS - 35_000 + 1);
    expect(cache.find('1_2_3')).toBeUndefined();
    cache.begin('1_2_4');
    expect(cache.size).toBe(1);
  });

  it('forgets the oldest where there is no more room, and counts it', () => {
    const cache = new CookieCache(new FakeClock(), 2);
    for (const cookie of ['a', 'b', 'c']) cache.begin(cookie);
    expect(['a', 'b', 'c'].map((cookie) => cache.find(cookie) !== undefined)).toEqual([false, true, true]);
    expect(cache.forgotten).toBe(1);
  });
});
