import { describe, expect, it } from 'vitest';
import { Turns } from './turns.ts';

describe('turns', () => {
  it('make no promise where nothing waits', () => {
    const turns = new Turns(1);
    expect(turns.take('a', () => 1)).toBe(1);
    expect(turns.take('a', () => 2)).toBe(2);
  });

  it('keep the order of one key, and let other keys pass', async () => {
    const turns = new Turns(10);
    const order: string[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = turns.take('a', () => gate.then(() => order.push('a1')));
    const second = turns.take('a', () => order.push('a2'));
    turns.take('b', () => order.push('b1'));
    expect([turns.waiting, order]).toEqual([1, ['b1']]);
    release();
    await Promise.all([first, second]);
    expect([turns.waiting, order]).toEqual([0, ['b1', 'a1', 'a2']]);
    expect(turns.take('a', () => 'at once again')).toBe('at once again');
  });

  it('go on after a job that failed', async () => {
    const turns = new Turns(10);
    const first = turns.take('a', () => Promise.reject(new Error('no')));
    const second = turns.take('a', () => 'done');
    await expect(first).rejects.toThrow('no');
    expect(await second).toBe('done');
  });

  it('refuse and count what is too much', async () => {
    const turns = new Turns(1);
    const first = turns.take('a', () => Promise.resolve(1));
    const second = turns.take('a', () => 2);
    expect(turns.take('a', () => 3)).toBeUndefined();
    expect(turns.refused).toBe(1);
    expect(await Promise.all([first, second])).toEqual([1, 2]);
  });
});
