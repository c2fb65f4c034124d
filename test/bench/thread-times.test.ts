import { expect, test } from 'vitest';
import { threadTimes, timesPerCall, totalOf } from '../../bench/thread-times.ts';

test.runIf(process.platform === 'linux')('reads what the threads of a process have taken', () => {
  const times = threadTimes([process.pid]);
  expect(times.main).toBeGreaterThan(0);
  expect(totalOf(times)).toBeGreaterThanOrEqual(times.main);
});

test('shares out among calls what each kind of thread took between two looks', () => {
  const before = { main: 10, workers: 100, datagrams: 20, V8: 5, others: 0 };
  const after = { main: 10, workers: 400, datagrams: 50, V8: 8, others: 0 };
  const each = timesPerCall(before, after, 3);
  expect(each).toEqual({ main: 0, workers: 100, datagrams: 10, V8: 1, others: 0 });
  expect(totalOf(each)).toBe(111);
});
