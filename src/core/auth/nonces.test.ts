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
  it('is ours under its key and for its purpose', () => {
    const { clock, nonces } = make();
    const nonce = nonces.issue('a');
    expect(nonces.isOurs(nonce, 'a')).toBe(true);
    expect(nonces.isOurs(nonce, 'b')).toBe(false);
    expect(make(clock, 10, Buffer.alloc(32, 8)).nonces.isOurs(nonce, 'a')).toBe(false);
  });

  it('is not ours where any character of it was changed', () => {
    const { nonces } = make();
    const nonce = nonces.issue('a');
    for (let at = 0; at < nonce.length; at++) {
      const other = nonce[at] === 'A' ? 'B' : 'A';
      expect(nonces.isOurs(nonce.slice(0, at) + other + nonce.slice(at + 1), 'a')).toBe(false);
    }
    for (const text of [
      '',
      nonce.slice(1),
      `${nonce}A`,
      nonce.replace(/^./, '*'),
      '+'.repeat(nonce.length),
    ]) {
      expect(nonces.isOurs(text, 'a')).toBe(false);
    }
  });

  it('is good in its time', () => {
    const { clock, nonces } = make();
    const [early, late] = [nonces.issue('a'), nonces.issue('a')];
    clock.advance(LIFETIME);
    expect(nonces.use(early, 1)).toBe(true);
    clock.advance(1);
    expect([nonces.use(early, 2), nonces.use(late, 1)]).toEqual([false, false]);
  });

  it('is good for rising counts only', () => {
    const { nonces } = make();
    const nonce = nonces.issue('a');
    const uses = [1, 1, 0, 2, 9, 5, 9, 10].map((count) => nonces.use(nonce, count));
    expect(uses).toEqual([true, false, false, true, true, false, false, true]);
  });

  it('of an earlier run is stale: what that one counted is not known', () => {
    const { clock, nonces } = make();
    const nonce = nonces.issue('a');
    clock.advance(1000);
    const later = make(clock).nonces;
    expect([later.isOurs(nonce, 'a'), later.use(nonce, 1)]).toEqual([true, false]);
  });

  it('of the future is stale: the clock was set back', () => {
    const later = make(new FakeClock(Date.UTC(2027, 0, 1))).nonces.issue('a');
    expect(make().nonces.use(later, 1)).toBe(false);
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
    for (const nonce of all) expect(nonces.use(nonce, 1)).toBe(false);
    expect(nonces.use(all[0]!, 2)).toBe(false);
    expect(nonces.use(all[1]!, 2)).toBe(true);
    expect(nonces.use(unused, 1)).toBe(true);
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
