import { describe, expect, it } from 'vitest';
import { costOf, figureCell, median, ratioCell, ratios } from '../../bench/figures.ts';
import type { Stretch } from '../../bench/sipload.ts';

const STRETCH: Stretch = {
  started: 100,
  done: 100,
  late: 0,
  seconds: 2,
  cpuUs: 10_000,
  userUs: 60_000,
  systemUs: 20_000,
  latencyMs: 1,
  p50Ms: 0.25,
  p99Ms: 1.5,
};

describe('figures', () => {
  it('take the median, of an even number the upper one', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(3);
    expect(median([])).toBeNaN();
  });

  it('share the scheduler’s time out as the ticks say', () => {
    expect(costOf([STRETCH])).toEqual({
      us: 100,
      userUs: 75,
      systemUs: 25,
      perSecond: 50,
      p50Ms: 0.25,
      p99Ms: 1.5,
    });
  });

  it('are of the stretch in the middle, however bad the worst', () => {
    const of = (cpuUs: number): Stretch => ({ ...STRETCH, cpuUs });
    expect(costOf([of(9000), of(90_000), of(8000)]).us).toBe(90);
  });

  it('leave out stretches in which nothing was done', () => {
    expect(costOf([{ ...STRETCH, done: 0 }, STRETCH]).us).toBe(100);
    expect(() => costOf([{ ...STRETCH, done: 0 }])).toThrow('nothing came to its end');
  });

  it('do not divide by no ticks', () => {
    expect(costOf([{ ...STRETCH, userUs: 0, systemUs: 0 }])).toMatchObject({
      us: 100,
      userUs: 0,
      systemUs: 100,
    });
  });

  it('are set beside the others of their kind', () => {
    const all = [
      { server: 'ours', rate: 1, us: 50 },
      { server: 'theirs', rate: 1, us: 100 },
      { server: 'theirs', rate: 2, us: 200 },
    ];
    const ratio = ratios(
      all[0]!,
      all,
      ({ rate }) => rate === 1,
      ({ us }) => us,
    );
    expect(ratio).toEqual({ theirs: 0.5 });
    expect([ratioCell(ratio, 'theirs'), ratioCell(ratio, 'nobody')]).toEqual(['0.50', '']);
  });

  it('say nothing of what did not come to anything', () => {
    const all = [
      { server: 'ours', us: 50 },
      { server: 'theirs', us: Number.POSITIVE_INFINITY },
    ];
    const of = (it: { readonly server: string; readonly us: number }) =>
      ratios(
        it,
        all,
        () => true,
        ({ us }) => us,
      );
    expect([of(all[0]!), of(all[1]!)]).toEqual([{}, {}]);
    expect([figureCell(1 / 3), figureCell(Number.POSITIVE_INFINITY), figureCell(undefined)]).toEqual([
      '0.33',
      '',
      '',
    ]);
  });
});
