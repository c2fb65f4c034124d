import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeParam, escapeUser, undoEscapes, undoUnreservedEscapes } from './escape.ts';

const byteString = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

describe('undoEscapes', () => {
  it.each([
    ['alice', 'alice'],
    ['%61lice', 'alice'],
    ['null-%00-null', 'null-\0-null'],
    ['u%40example.net', 'u@example.net'],
    ['%c3%BC', '\xc3\xbc'],
    ['%Z%45', '%ZE'],
    ['100%', '100%'],
    ['%4', '%4'],
    ['%%41', '%A'],
    ['%2541', '%41'],
  ])('%s becomes %j', (text, plain) => {
    expect(undoEscapes(text)).toBe(plain);
  });
});

describe('undoUnreservedEscapes', () => {
  it('leaves reserved characters escaped, in capitals', () => {
    expect(undoUnreservedEscapes('%61%2f%3A%41%25')).toBe('a%2F%3AA%25');
  });
});

describe('escapeUser and escapeParam', () => {
  it('escape what their part of a URI cannot hold', () => {
    expect(escapeUser('a b@c:d%;/?é'.replace('é', '\xe9'))).toBe('a%20b%40c%3Ad%25;/?%E9');
    expect(escapeParam('a=b;[c]:\r\n')).toBe('a%3Db%3B[c]:%0D%0A');
  });

  it('are undone by undoEscapes', () => {
    fc.assert(
      fc.property(byteString, (text) => {
        expect(undoEscapes(escapeUser(text))).toBe(text);
        expect(undoEscapes(escapeParam(text))).toBe(text);
      }),
    );
  });
});
