import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import { RandomIds } from '../../base/ids.ts';
import { LocalNonceCounts, type NonceCounts } from './nonce-counts.ts';
import { Nonces } from './nonces.ts';
import { SharedNonceCounts } from './shared-nonce-counts.ts';

const KEY = Buffer.alloc(32, 7);
const LIFETIME = 10_000;

function make(clock = new FakeClock(), limit = 10, key = KEY) {
  const counts = new LocalNonceCounts(clock.wallNow(), limit);
  return { clock, counts, nonces: noncesOf(clock, counts, key) };
}

function noncesOf(clock: FakeClock, counts: NonceCounts, key = KEY) {
  return new Nonces({ key, clock, ids: new RandomIds(), lifetimeMs: LIFETIME, counts });
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
    const { clock, counts, nonces } = make(new FakeClock(), 2);
    const all = [1, 2, 3].map(() => {
      clock.advance(1);
      return nonces.issue('a');
    });
    const unused = nonces.issue('a');
    for (const nonce of all) nonces.use(nonce, 1);
    expect([counts.size, counts.overflowed]).toEqual([2, 1]);
    for (const nonce of all) expect(nonces.use(nonce, 1)).toBe(false);
    expect(nonces.use(all[0]!, 2)).toBe(false);
    expect(nonces.use(all[1]!, 2)).toBe(true);
    expect(nonces.use(unused, 1)).toBe(true);
  });

  it('makes room first by what has expired, which costs nobody anything', () => {
    const { clock, counts, nonces } = make(new FakeClock(), 2);
    nonces.use(nonces.issue('a'), 1);
    nonces.use(nonces.issue('a'), 1);
    clock.advance(LIFETIME + 1);
    nonces.use(nonces.issue('a'), 1);
    expect([counts.size, counts.overflowed]).toEqual([1, 0]);
  });
});

it('no two nonces are the same', () => {
  const nonces = new Nonces({ key: KEY, clock: new FakeClock(), ids: new RandomIds() });
  expect(new Set(Array.from({ length: 1000 }, () => nonces.issue('a'))).size).toBe(1000);
});

describe('counts that two workers share', () => {
  function twoWorkers(places?: number) {
    const clock = new FakeClock();
    const memory = SharedNonceCounts.allocate(clock.wallNow(), places);
    const counts = [0, 1].map((worker) => new SharedNonceCounts(memory, worker)) as [
      SharedNonceCounts,
      SharedNonceCounts,
    ];
    return { clock, memory, counts, one: noncesOf(clock, counts[0]), two: noncesOf(clock, counts[1]) };
  }

  it('make a nonce good once for each count, whoever is asked', () => {
    const { one, two, counts } = twoWorkers();
    const nonce = one.issue('a');
    expect([two.use(nonce, 1), one.use(nonce, 1), one.use(nonce, 3), two.use(nonce, 2)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(counts.map(({ size }) => size)).toEqual([1, 1]);
  });

  it('never let a count come again where the table is full, and challenge those whose turn it was', () => {
    const { clock, one, two, counts } = twoWorkers(1);
    const used = Array.from({ length: 20 }, () => {
      clock.advance(1);
      return one.issue('a');
    });
    const late = one.issue('a');
    for (const nonce of used) expect(one.use(nonce, 1)).toBe(true);
    expect([counts[1].size, counts[1].overflowed]).toEqual([16, 4]);
    expect(used.some((nonce) => two.use(nonce, 1))).toBe(false);
    expect(used.slice(0, 4).some((nonce) => two.use(nonce, 2))).toBe(false);
    expect(two.use(used[4]!, 2)).toBe(true);
    expect(two.use(late, 1)).toBe(true);
  });

  it('give room to the next where nonces have expired', () => {
    const { clock, one, counts } = twoWorkers(1);
    for (let i = 0; i < 16; i++) one.use(one.issue('a'), 1);
    clock.advance(LIFETIME + 1);
    expect(one.use(one.issue('a'), 1)).toBe(true);
    expect(counts[0].overflowed).toBe(0);
  });

  it('open the locks of a worker that has ended', () => {
    const { memory, one, counts } = twoWorkers(1);
    // As a worker leaves it that ends in the middle of a use: the one lock is the last word of the memory.
    const lock = new Int32Array(memory, memory.byteLength - 4, 1);
    lock[0] = 2;
    counts[0].release(0);
    expect(lock[0]).toBe(2);
    counts[0].release(1);
    expect(one.use(one.issue('a'), 1)).toBe(true);
  });

  it('count right where threads use one nonce at once', async () => {
    const { memory, clock } = twoWorkers(1);
    const nonce = noncesOf(clock, new SharedNonceCounts(memory, 0)).issue('a');
    const now = clock.wallNow();
    const use = { nonce, issued: now, expires: now + LIFETIME, now };
    const program = `
      const { parentPort, workerData } = require('node:worker_threads');
      import(workerData.file).then(({ SharedNonceCounts }) => {
        const counts = new SharedNonceCounts(workerData.memory, workerData.worker);
        let good = 0;
        for (let count = 1; count <= 20000; count++) if (counts.use({ ...workerData.use, count })) good++;
        parentPort.postMessage(good);
      });`;
    const file = new URL('./shared-nonce-counts.ts', import.meta.url).href;
    const good = await Promise.all(
      [0, 1].map(async (worker) => {
        const thread = new Worker(program, { eval: true, workerData: { file, memory, worker, use } });
        const [count] = (await once(thread, 'message')) as [number];
        return count;
      }),
    );
    expect(good[0]! + good[1]!).toBe(20_000);
  });
});
