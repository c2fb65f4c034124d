import { describe, expect, it } from 'vitest';
import { Party } from './party.ts';

function party(text: string): Party {
  const bytes = Buffer.from(`To: ${text}\r\n`, 'latin1');
  return new Party(bytes, 4, bytes.length - 2);
}

describe('a party', () => {
  it.each([
    ['<sip:a@example.com>', true, true, undefined],
    ['<sip:a@example.com>;tag=1', true, true, '1'],
    ['<sip:a@example.com>;tag', true, true, ''],
    ['"A" <sip:a@[2001:db8::1]>;x="tag=0;tag=0";tag=2', true, true, '2'],
    ['A\r\n <tel:+1;ext=2>;tag=3', true, true, '3'],
    ['<nobody>;tag=4', true, false, '4'],
    ['<sip:a@example.com', false, false, undefined],
  ])('%j', (text, isAddress, hasUri, tag) => {
    const found = party(text);
    expect([found.isAddress, found.hasUri, found.tag, found.hasTag]).toEqual([
      isAddress,
      hasUri,
      tag,
      tag !== undefined,
    ]);
  });
});
