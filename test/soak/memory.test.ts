import { expect, it } from 'vitest';
import { judgeMemory } from './memory.ts';

const series = (sizes: readonly number[]) =>
  sizes.map((megabytes, index) => ({ seconds: index * 10, megabytes }));

it('forgives warm-up and a breathing collector', () => {
  const { flat, words } = judgeMemory(series([50, 70, 90, 100, 104, 98, 101, 99, 103]));
  expect(flat).toBe(true);
  expect(words).toBe('Memory is flat after warm-up: 100.0 MB, then 101.0 MB (+1.0 %).');
});

it('sees a leak', () => {
  expect(judgeMemory(series([50, 60, 70, 80, 90, 100, 110, 120, 130])).flat).toBe(false);
});

it('does not call a glimpse flat', () => {
  expect(judgeMemory(series([100, 100])).flat).toBe(false);
});
