import { describe, expect, it } from 'vitest';
import {
  checkField,
  checkRequestUri,
  fromByteString,
  isToken,
  parseDecimal,
  toByteString,
  unfold,
} from './text.ts';

describe('toByteString and fromByteString', () => {
  it('carry what people write', () => {
    expect(toByteString('Jürgen')).toBe('J\xc3\xbcrgen');
    expect(fromByteString('J\xc3\xbcrgen')).toBe('Jürgen');
    expect(toByteString('plain')).toBe('plain');
  });

  it('leave bytes that are no UTF-8 as they are', () => {
    expect(fromByteString('J\xfcrgen')).toBe('J\xfcrgen');
  });
});

describe('checkField', () => {
  it.each([
    ['a\rb', 'Subject: a CR at position 1 is not allowed'],
    ['\n', 'Subject: an LF at position 0 is not allowed'],
    ['ab\0', 'Subject: a NUL at position 2 is not allowed'],
    ['€', 'Subject: a character outside latin1 at position 0 is not allowed'],
  ])('refuses %j', (value, message) => {
    expect(() => checkField('Subject', value)).toThrow(message);
  });

  it('lets raw bytes pass, and a NUL of a quoted pair', () => {
    expect(checkField('Subject', '\x07\x7f\xff')).toBe('\x07\x7f\xff');
    expect(checkField('To', '"NUL:\\\0" <sip:a@b>')).toBe('"NUL:\\\0" <sip:a@b>');
  });
});

describe('checkRequestUri', () => {
  it.each(['', 'sip:a b', 'sip:a\tb', 'sip:a\r\nb'])('refuses %j', (uri) => {
    expect(() => checkRequestUri(uri)).toThrow('Request-URI');
  });
});

describe('unfold', () => {
  it.each([
    ['a', 'a'],
    ['a\r\n b', 'a b'],
    ['a \t\r\n \t b', 'a b'],
    ['a\r\n \r\n\tb', 'a b'],
    ['\r\n a', 'a'],
    ['a\r\n ', 'a'],
    ['a\nb', 'a\nb'],
  ])('makes %j one line', (text, line) => {
    expect(unfold(text)).toBe(line);
  });
});

describe('isToken', () => {
  it('knows the characters of RFC 3261 §25.1', () => {
    expect(isToken("!interesting-Method0123456789_*+`.%indeed'~")).toBe(true);
    for (const text of ['', 'a b', 'a:b', 'a@b', '(a)', 'a/b', '\x00', 'J\xfc'])
      expect(isToken(text)).toBe(false);
  });
});

describe('parseDecimal', () => {
  it('reads digits and nothing else', () => {
    expect(parseDecimal('0068')).toBe(68);
    expect(parseDecimal('999999999999999')).toBe(999999999999999);
    for (const text of ['', '-1', '+1', '1.0', '0x1', ' 1', '1e3', '9'.repeat(16)]) {
      expect(parseDecimal(text)).toBeUndefined();
    }
  });
});
