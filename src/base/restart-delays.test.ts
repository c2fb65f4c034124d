import { describe, expect, it } from 'vitest';
import { RestartDelays } from './restart-delays.ts';

describe('RestartDelays', () => {
  it('grow with each crash up to a bound, and begin anew after a long run', () => {
    const delays = new RestartDelays();
    const crashes = Array.from({ length: 8 }, () => delays.next(1000));
    expect(crashes).toEqual([0, 500, 1000, 2000, 5000, 15_000, 15_000, 15_000]);
    expect([delays.next(60_001), delays.next(0)]).toEqual([0, 500]);
  });
});
