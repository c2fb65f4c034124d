import { describe, expect, it } from 'vitest';
import { Reception } from './reception.ts';

function heard(sequence: readonly number[]): Reception {
  const reception = new Reception();
  for (const number of sequence) reception.add(number, 160 * number, 160 * number);
  return reception;
}

describe('Reception', () => {
  it('counts what is missing', () => {
    const reception = heard([1, 2, 4, 5, 8]);
    expect([reception.received, reception.expected, reception.lost, reception.highestSequence]).toEqual([
      5, 8, 3, 8,
    ]);
    expect(reception.takeFractionLost()).toBe(96);
    expect(reception.takeFractionLost()).toBe(0);
  });

  it('goes on over the end of the numbers', () => {
    const reception = heard([65_534, 65_535, 0, 1]);
    expect([reception.expected, reception.lost, reception.highestSequence]).toEqual([4, 0, 0x1_0001]);
  });

  it('takes disorder and what comes twice', () => {
    expect(heard([10, 12, 11, 13]).lost).toBe(0);
    const twice = heard([10, 11, 11]);
    expect([twice.lost, twice.duplicates, twice.takeFractionLost()]).toEqual([-1, 1, 0]);
  });

  it('believes a jump only when it goes on from there', () => {
    const reception = heard([100, 101]);
    expect(reception.add(40_000, 0, 0)).toBe(false);
    expect([reception.received, reception.highestSequence]).toEqual([2, 101]);
    expect(reception.add(40_001, 0, 0)).toBe(true);
    expect([reception.received, reception.expected, reception.lost]).toEqual([1, 1, 0]);
  });

  it('has no jitter on an even path, whatever the clocks say, and the half of 1/8 after one late packet', () => {
    const reception = new Reception();
    for (let i = 0; i < 50; i++) reception.add(i, 2 ** 32 - 800 + 160 * i, 5_000_000 + 160 * i);
    expect(reception.jitter).toBe(0);
    reception.add(50, 2 ** 32 - 800 + 160 * 50, 5_000_000 + 160 * 50 + 80);
    expect(reception.jitter).toBe(5);
  });

  it('comes near the jitter of a path that is late by turns', () => {
    const reception = new Reception();
    for (let i = 0; i < 500; i++) reception.add(i, 160 * i, 160 * i + (i % 2) * 40);
    expect(reception.jitter).toBeCloseTo(40, 0);
  });
});
