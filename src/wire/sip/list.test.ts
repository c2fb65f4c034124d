import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitList } from './list.ts';

function split(text: string, most?: number): string[] {
  const bytes = Buffer.from(text, 'latin1');
  const bounds = splitList(bytes, 0, bytes.length, most);
  const elements: string[] = [];
  for (let i = 0; i < bounds.length; i += 2) {
    elements.push(bytes.toString('latin1', bounds[i], bounds[i + 1]));
  }
  return elements;
}

describe('splitList', () => {
  it.each([
    ['a', ['a']],
    ['a,b , c', ['a', 'b', 'c']],
    ['', []],
    [' , ,', []],
    ['"Bell, A." <sip:a@b>,<sip:c,d@e>', ['"Bell, A." <sip:a@b>', '<sip:c,d@e>']],
    ['"a\\",b",c', ['"a\\",b"', 'c']],
    ['a,\r\n b', ['a', 'b']],
    ['<sip:a"b@c>,d', ['<sip:a"b@c>', 'd']],
    ['a,"never closed, b', ['a', '"never closed, b']],
    ['a,"ends in \\', ['a', '"ends in \\']],
    ['a,<b', ['a', '<b']],
  ])('splits %j', (text, elements) => {
    expect(split(text)).toEqual(elements);
  });

  it('stops behind as many as are asked for', () => {
    expect(split('a,b,c', 2)).toEqual(['a', 'b']);
  });

  it('finds again what was joined', () => {
    const token = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const element = fc.oneof(
      token,
      token.map((text) => `"${text}, \\"x\\"" <sip:${text},y@example.com>;q=0.5`),
    );
    fc.assert(
      fc.property(fc.array(element), fc.constantFrom(',', ', ', ' ,\r\n\t'), (elements, comma) => {
        expect(split(elements.join(comma))).toEqual(elements);
      }),
    );
  });
});
