import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { element, scanElement } from './list.ts';

function split(text: string): string[] {
  const bytes = Buffer.from(text, 'latin1');
  const elements: string[] = [];
  for (let at = scanElement(bytes, 0, bytes.length); at >= 0; at = scanElement(bytes, at, bytes.length)) {
    elements.push(bytes.toString('latin1', element.start, element.end));
  }
  return elements;
}

describe('scanElement', () => {
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
