import { describe, expect, it } from 'vitest';
import { FakeClock } from './fake-clock.ts';
import { within } from './within.ts';

describe('within', () => {
  it('waits for a promise, but not longer than told', async () => {
    const clock = new FakeClock();
    const slow = Promise.withResolvers<number>();
    const late = within(slow.promise, clock, 100);
    const inTime = within(slow.promise, clock, 200);
    await clock.advanceAsync(150);
    slow.resolve(1);
    expect([await late, await inTime]).toEqual([undefined, 1]);
    expect(clock.pendingTimers).toBe(0);
    await expect(within(Promise.reject(new Error('broken')), clock, 1)).rejects.toThrow('broken');
    expect(clock.pendingTimers).toBe(0);
  });
});
