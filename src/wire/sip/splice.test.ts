import { describe, expect, it } from 'vitest';
import { Rank, Splice, SpliceList } from './splice.ts';

function texts(list: SpliceList): string {
  let all = '';
  for (let at = list.first; at !== undefined; at = at.next) all += at.text;
  return all;
}

function free(start: number, end: number, text: string): Splice {
  return new Splice(start, end, text, Rank.Free, 0);
}

describe('SpliceList', () => {
  it('stands in the order of the bytes, insertions first and in the order they came', () => {
    const list = new SpliceList();
    list.add(free(5, 5, 'c'));
    list.add(free(5, 9, 'f'));
    list.add(free(1, 2, 'b'));
    list.add(free(5, 5, 'd'));
    list.add(free(7, 8, 'g'));
    list.add(free(0, 0, 'a'));
    list.add(free(5, 5, 'e'));
    expect(texts(list)).toBe('abcdefg');
  });

  it('has the longer one first, and of equals the one of the lower rank', () => {
    const list = new SpliceList();
    list.add(new Splice(1, 4, 'c', Rank.Line, 0));
    list.add(free(1, 3, 'd'));
    list.add(free(1, 4, 'b'));
    list.add(free(1, 5, 'a'));
    expect(texts(list)).toBe('abcd');
  });

  it('lets any of them go', () => {
    const list = new SpliceList();
    const [a, b, c] = [free(1, 1, 'a'), free(2, 2, 'b'), free(3, 3, 'c')];
    for (const it of [a, b, c]) list.add(it);
    list.remove(c);
    list.add(free(4, 4, 'd'));
    expect(texts(list)).toBe('abd');
    list.remove(a);
    expect(texts(list)).toBe('bd');
    list.remove(b);
    list.add(free(0, 0, '_'));
    expect(texts(list)).toBe('_d');
  });
});
