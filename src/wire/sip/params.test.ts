import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  findParam,
  nextParam,
  paramValue,
  quote,
  quotesEnd,
  sameName,
  unquote,
  withoutParam,
  withParam,
} from './params.ts';

function all(text: string): (readonly [string, string | undefined])[] {
  const found: (readonly [string, string | undefined])[] = [];
  for (let param = nextParam(text, 0); param; param = nextParam(text, param.end)) {
    found.push([param.name, param.value]);
  }
  return found;
}

describe('nextParam', () => {
  it.each([
    ['', []],
    [';lr', [['lr', undefined]]],
    [
      ';a=1;b;c="x;y=\\"z"',
      [
        ['a', '1'],
        ['b', undefined],
        ['c', '"x;y=\\"z"'],
      ],
    ],
    [
      ' ; tag =\t1 ;x',
      [
        ['tag', '1'],
        ['x', undefined],
      ],
    ],
    [
      ';;a',
      [
        ['', undefined],
        ['a', undefined],
      ],
    ],
    [';a=', [['a', '']]],
    [
      ';a b=1;c',
      [
        ['a', undefined],
        ['c', undefined],
      ],
    ],
    [';a="never closed;b', [['a', '"never closed;b']]],
    [';a=x=y', [['a', 'x=y']]],
  ])('reads %j', (text, expected) => {
    expect(all(text)).toEqual(expected);
  });
});

describe('findParam', () => {
  it('finds what reading one parameter after the other finds', () => {
    const text = fc
      .array(fc.constantFrom(';', '=', '"', ' ', '\t', '\\', 'a', 'A', 'b', 'lr', 'tag', ',', '\r\n '), {
        maxLength: 24,
      })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.constantFrom('a', 'A', 'lr', 'tag', 'ab', ''), (params, name) => {
        const slow = all(params).find(([found]) => sameName(found, name));
        expect(findParam(params, name)?.value).toBe(slow?.[1]);
        expect(findParam(params, name) === undefined).toBe(slow === undefined);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('paramValue', () => {
  it('finds names in any case, the first of several', () => {
    expect(paramValue(';Tag=1;tag=2', 'tag')).toBe('1');
    expect(paramValue(';lr', 'LR')).toBe('');
    expect(paramValue(';tag2=1', 'tag')).toBeUndefined();
    expect(paramValue(';x=";tag=1"', 'tag')).toBeUndefined();
  });
});

describe('withParam and withoutParam', () => {
  it.each([
    ['', ';rport=5060'],
    [';rport', ';rport=5060'],
    [';a;RPORT=1;b', ';a;rport=5060;b'],
    [';rport = "1;2" ;b', ';rport=5060 ;b'],
  ])('set rport in %j', (text, expected) => {
    expect(withParam(text, 'rport', '5060')).toBe(expected);
  });

  it.each([
    [';a;b=1;A=2;c', ';b=1;c'],
    [';b', ';b'],
    [';a junk;b', ';b'],
    [';a="1"junk;b', ';b'],
    [';x=";a";a', ';x=";a"'],
  ])('take a out of %j', (text, expected) => {
    expect(withoutParam(text, 'a')).toBe(expected);
  });

  it('leave nothing that look-up would find', () => {
    const piece = fc.constantFrom(';', '=', 'a', 'A', 'b', '"', '\\', ' ', '\t', 'a=1');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = `;${pieces.join('')}`;
        const rest = withoutParam(text, 'a');
        expect(paramValue(rest, 'a')).toBeUndefined();
        expect(all(rest)).toEqual(all(text).filter(([name]) => name.toLowerCase() !== 'a'));
      }),
    );
  });
});

describe('quotesEnd', () => {
  it.each([
    ['', true],
    [';a="b";c="\\\\"', true],
    [';a="b"junk', true],
    [';a=b"c', true],
    [';a="b', false],
    [';a="b\\"', false],
    [';a="b\\', false],
    [';a="', false],
    [';a="b";c="', false],
  ])('%j: %s', (text, expected) => {
    expect(quotesEnd(text)).toBe(expected);
  });
});

describe('quote and unquote', () => {
  it('undo each other', () => {
    expect(quote('a"b\\c\0')).toBe('"a\\"b\\\\c\\\0"');
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(unquote(quote(text))).toBe(text);
      }),
    );
  });

  it('leave other text alone', () => {
    expect(unquote('token')).toBe('token');
    expect(unquote('')).toBe('');
    expect(unquote('"')).toBe('');
  });
});
