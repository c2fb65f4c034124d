import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import { RandomIds, SequentialIds } from '../../base/ids.ts';
import { Nonces } from './nonces.ts';

const KEY = Buffer.alloc(32, 7);
const LIFETIME = 10_000;

function make(clock = new FakeClock(), limit = 10, key = KEY) {
  return { clock, nonces: new Nonces({ key, clock, ids: new SequentialIds(), lifetimeMs: LIFETIME, limit }) };
}

describe('a nonce', () => {
  it('is good under its key, for its purpose, in its time', () => {
    const { clock, nonces } = make();
    const nonce = nonces.issue('a');
    expect(nonces.check(nonce, 'a', 1)).toBe('fresh');
    expect(nonces.check(nonce, 'b', 1)).toBe('forged');
    expect(make(clock, 10, Buffer.alloc(32, 8)).nonces.check(nonce, 'a', 1)).toBe('forged');
    clock.advance(LIFETIME + 1);
    expect(nonces.check(nonce, 'a', 1)).toBe('stale');
  });

  it('is forged where any character of it was changed', () => {
    const { nonces } = make();
    const nonce = nonces.issue('a');
    for (let at = 0; at < nonce.length; at++) {
      const other = nonce[at] === 'A' ? 'B' : 'A';
      expect(nonces.check(nonce.slice(0, at) + other + nonce.slice(at + 1), 'a', 1)).toBe('forged');
    }
    for (const text of [
      '',
      nonce.slice(1),
      `${nonce}A`,
      nonce.replace(/^./, '*'),
      '+'.repeat(nonce.length),
    ]) {
      expect(nonces.check(text, 'a', 1)).toBe('forged');
    }
  });

  it('is good for rising counts only', () => {
    const { nonces } = make();
    const nonce = nonces.issue('a');
    nonces.use(nonce, 1);
    expect([0, 1, 2, 9].map((count) => nonces.check(nonce, 'a', count))).toEqual([
      'stale',
      'stale',
      'fresh',
      'fresh',
    ]);
    nonces.use(nonce, 9);
    expect(nonces.check(nonce, 'a', 5)).toBe('stale');
  });

  it('of an earlier run is stale: what that one counted is not known', () => {
    const { clock, nonces } = make();
    const nonce = nonces.issue('a');
    clock.advance(1000);
    expect(make(clock).nonces.check(nonce, 'a', 1)).toBe('stale');
  });

  it('of the future is stale: the clock was set back', () => {
    const later = make(new FakeClock(Date.UTC(2027, 0, 1))).nonces.issue('a');
    expect(make().nonces.check(later, 'a', 1)).toBe('stale');
  });
});

describe('a full table', () => {
  it('never lets a count come again', () => {
    const { clock, nonces } = make(new FakeClock(), 2);
    const all = [1, 2, 3].map(() => {
      clock.advance(1);
      return nonces.issue('a');
    });
    const unused = nonces.issue('a');
    for (const nonce of all) nonces.use(nonce, 1);
    expect([nonces.size, nonces.overflowed]).toEqual([2, 1]);
    for (const nonce of all) expect(nonces.check(nonce, 'a', 1)).toBe('stale');
    expect(nonces.check(all[0]!, 'a', 2)).toBe('stale');
    expect(nonces.check(all[1]!, 'a', 2)).toBe('fresh');
    expect(nonces.check(unused, 'a', 1)).toBe('fresh');
  });

  it('makes room first by what has expired, which costs nobody anything', () => {
    const { clock, nonces } = make(new FakeClock(), 2);
    nonces.use(nonces.issue('a'), 1);
    nonces.use(nonces.issue('a'), 1);
    clock.advance(LIFETIME + 1);
    nonces.use(nonces.issue('a'), 1);
    expect([nonces.size, nonces.overflowed]).toEqual([1, 0]);
  });
});

it('no two nonces are the same', () => {
  const nonces = new Nonces({ key: KEY, clock: new FakeClock(), ids: new RandomIds() });
  expect(new Set(Array.from({ length: 1000 }, () => nonces.issue('a'))).size).toBe(1000);
});
