import { describe, expect, it } from 'vitest';
import { compareFigures } from '../../bench/guard-comparison.ts';

const WAS = { callCpu: 100, messageCpu: 4, callBytes: 10_000 };
const verdicts = (is: typeof WAS): string[] => compareFigures(WAS, is).map(({ verdict }) => verdict);

describe('the guard', () => {
  it('takes for alike what may be chance', () => {
    expect(verdicts(WAS)).toEqual(['alike', 'alike', 'alike']);
    expect(verdicts({ callCpu: 139, messageCpu: 5.9, callBytes: 11_400 })).toEqual([
      'alike',
      'alike',
      'alike',
    ]);
  });

  it('finds what is worse, each by itself', () => {
    expect(verdicts({ ...WAS, callCpu: 141 })).toEqual(['worse', 'alike', 'alike']);
    expect(verdicts({ ...WAS, messageCpu: 6.1 })).toEqual(['alike', 'worse', 'alike']);
    expect(verdicts({ ...WAS, callBytes: 11_600 })).toEqual(['alike', 'alike', 'worse']);
  });

  it('finds what is better', () => {
    expect(verdicts({ callCpu: 50, messageCpu: 2, callBytes: 5000 })).toEqual(['better', 'better', 'better']);
  });

  it('refuses a baseline without a figure, in place of finding nothing', () => {
    expect(() => compareFigures({ ...WAS, callBytes: Number.NaN }, WAS)).toThrow('--write');
    expect(() => compareFigures({ ...WAS, callCpu: 0 }, WAS)).toThrow('callCpu');
  });
});
