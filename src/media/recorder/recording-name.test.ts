import { normalize } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanName } from './recording-name.ts';

const bytes = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)),
  maxLength: 400,
});

describe('cleanName', () => {
  it('leaves usual Call-IDs and tags as rtpproxy writes them', () => {
    expect(cleanName('a84b4c76e66710@pc33.atlanta.example.com=1928301774')).toBe(
      'a84b4c76e66710@pc33.atlanta.example.com=1928301774',
    );
  });

  it.each([
    ['../../etc/passwd', '%2E./../etc/passwd'.replaceAll('/', '%2F')],
    ['/etc/passwd', '%2Fetc%2Fpasswd'],
    ['..', '%2E.'],
    ['.', '%2E'],
    ['', '%'],
    ['a\0b\n', 'a%00b%0A'],
    ['..\\..\\x', '%2E.%5C..%5Cx'],
    ['100%', '100%25'],
    ['caf\u00e9', 'caf%E9'],
  ])('makes one harmless name of %j', (text, name) => {
    expect(cleanName(text)).toBe(name);
  });

  it('never leads out of a directory, is short, and differs where the text does', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const name = cleanName(a);
        expect(name).toMatch(/^[A-Za-z0-9%_@=+~-][A-Za-z0-9%._@=+~-]*$/);
        expect(name.length).toBeLessThanOrEqual(200);
        expect(normalize(`/r/${name}`)).toBe(`/r/${name}`);
        expect(cleanName(b) === name).toBe(a === b);
      }),
    );
  });
});
