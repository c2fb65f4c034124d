import { describe, expect, it } from 'vitest';
import { CallOrder } from './call-order.ts';

describe('CallOrder', () => {
  it('keeps the order in a call, and nobody else waits', async () => {
    const order = new CallOrder();
    const done: string[] = [];
    let open: (answer: string) => void = () => {};
    const first = order.run('a', () => new Promise<string>((resolve) => (open = resolve)));
    const second = order.run('a', () => {
      done.push('second');
      return 'second';
    });
    expect(order.run('b', () => 'other')).toBe('other');
    expect([done, order.waiting]).toEqual([[], 2]);
    const all = order.runForAll(() => `all after ${done}`);
    open('first');
    expect(await Promise.all([first, second])).toEqual(['first', 'second']);
    expect(await all).toBe('all after second');
    expect(order.waiting).toBe(0);
    expect(order.runForAll(() => 'at once')).toBe('at once');
    expect(order.run('a', () => 'third')).toBe('third');
  });
});
