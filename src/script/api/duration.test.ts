import { describe, expect, it } from 'vitest';
import { type Duration, milliseconds } from './duration.ts';

describe('milliseconds', () => {
  it.each([
    [250, 250],
    ['500ms', 500],
    ['20s', 20_000],
    ['1.5m', 90_000],
    ['1h', 3_600_000],
  ] as const)('reads %s', (duration, expected) => {
    expect(milliseconds(duration)).toBe(expected);
  });

  it.each(['20', '', '-1s', '1d', 's', ' 1s', Number.NaN, -1, Number.POSITIVE_INFINITY])(
    'refuses %j',
    (text) => {
      expect(() => milliseconds(text as Duration)).toThrow('is no duration');
    },
  );
});
