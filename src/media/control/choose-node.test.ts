import { describe, expect, it } from 'vitest';
import { callIdSum, chooseNode } from './choose-node.ts';
import { callIdOf } from './testing/control-under-test.ts';

interface Node {
  readonly name: string;
  readonly weight: number;
  readonly away?: boolean;
}

const pick = (nodes: readonly Node[], sum: number) =>
  chooseNode(nodes, callIdOf(sum), ({ away }) => !away)?.name;

describe('the relay of a call', () => {
  it('is found by the sum of its Call-ID', () => {
    expect(callIdSum('call-1')).toBe((0x63 + 0x61 + 0x6c + 0x6c + 0x2d + 0x31) & 0xff);
    expect(callIdSum('\xff\xff')).toBe(0xfe);
    expect(callIdSum('')).toBe(0);
  });

  it('is shared out by weight', () => {
    const nodes = [
      { name: 'a', weight: 1 },
      { name: 'b', weight: 3 },
      { name: 'c', weight: 0 },
    ];
    expect([0, 1, 2, 3, 4, 5].map((sum) => pick(nodes, sum))).toEqual(['a', 'b', 'b', 'b', 'a', 'b']);
  });

  it('stays where it is while another one is away; only calls of that one move', () => {
    const nodes = [
      { name: 'a', weight: 1 },
      { name: 'b', weight: 1, away: true },
      { name: 'c', weight: 1 },
    ];
    expect([0, 2, 3, 5].map((sum) => pick(nodes, sum))).toEqual(['a', 'c', 'a', 'c']);
    expect([1, 4, 7, 10].map((sum) => pick(nodes, sum))).toEqual(['c', 'a', 'c', 'a']);
  });

  it('is one of weight 0 only where no other is left', () => {
    const nodes = [
      { name: 'spare', weight: 0 },
      { name: 'spare 2', weight: 0 },
      { name: 'a', weight: 2 },
    ];
    for (let sum = 0; sum < 20; sum++) expect(pick(nodes, sum)).toBe('a');
    expect(pick([...nodes.slice(0, 2), { name: 'a', weight: 2, away: true }], 7)).toBe('spare');
    expect(pick([{ name: 'spare', weight: 0, away: true }, nodes[1]!], 7)).toBe('spare 2');
    expect(pick([{ name: 'a', weight: 1, away: true }], 7)).toBeUndefined();
    expect(pick([], 7)).toBeUndefined();
  });
});
