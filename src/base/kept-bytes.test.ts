import { describe, expect, it } from 'vitest';
import { KeptBytes } from './kept-bytes.ts';

describe('kept bytes', () => {
  it('stay as they were, whatever becomes of the others and of where they came from', () => {
    const source = Buffer.alloc(1000);
    const kept = Array.from({ length: 500 }, (_, i) => {
      source.fill(i & 0xff);
      return new KeptBytes(source.subarray(0, 1 + (i % 1000)));
    });
    for (const [i, one] of kept.entries()) expect(one.view()).toEqual(Buffer.alloc(1 + i, i & 0xff));
  });

  it('may be none, and more than a block', () => {
    expect(new KeptBytes(Buffer.alloc(0)).view()).toHaveLength(0);
    const large = Buffer.alloc(200_000, 7);
    const kept = new KeptBytes(large);
    expect(new KeptBytes(Buffer.from('next')).view().toString()).toBe('next');
    expect(kept.length).toBe(200_000);
    expect(kept.view().equals(large)).toBe(true);
  });

  it('take no more room than they have, and little beside', () => {
    const message = Buffer.alloc(600, 1);
    const blocks = new Set<unknown>();
    for (let i = 0; i < 1000; i++) blocks.add(new KeptBytes(message).view().buffer);
    expect(blocks.size).toBeLessThan(12);
  });
});
