import { expect, it } from 'vitest';
import { writtenCalls } from './written-calls.ts';

it('finds calls with the texts that stand in them', () => {
  const calls = writtenCalls(
    "if (!(await m.www_authorize('example.com', 'sub\\'s'))) m.save(\"location\", undefined, m.$fU);\nm.xlog(text`a`);",
  );
  expect(
    calls.map(({ name, args }) => [name, ...args.map((it) => (it?.kind === 'string' ? it.text : it))]),
  ).toEqual([
    ['www_authorize', 'example.com', "sub's"],
    ['save', 'location', undefined, undefined],
  ]);
});
