import { expect, it } from 'vitest';
import { Backlog } from './backlog.ts';

it('tells the shortest wait and what was lost since it was last asked', () => {
  const backlog = new Backlog();
  expect(backlog.take()).toEqual({ waitedMs: undefined, lost: 0 });
  for (const ms of [40, 3, 90]) backlog.waited(ms);
  backlog.overrun(3);
  backlog.overrun(4);
  expect(backlog.take()).toEqual({ waitedMs: 3, lost: 7 });
  backlog.waited(12);
  expect(backlog.take()).toEqual({ waitedMs: 12, lost: 0 });
  expect(backlog.take()).toEqual({ waitedMs: undefined, lost: 0 });
});
