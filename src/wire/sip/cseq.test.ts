import { describe, expect, it } from 'vitest';
import { readCSeq } from './cseq.ts';

function read(text: string): unknown {
  const bytes = Buffer.from(text, 'latin1');
  return readCSeq(bytes, 0, bytes.length);
}

describe('a CSeq', () => {
  it.each([
    ['1 INVITE', { number: 1, method: 'INVITE' }],
    ['007  BYE', { number: 7, method: 'BYE' }],
    ['2147483647\tnEw', { number: 2147483647, method: 'nEw' }],
    ['8\r\n ACK', { number: 8, method: 'ACK' }],
    ['2147483648 INVITE', undefined],
    ['1 IN VITE', undefined],
    ['1', undefined],
    ['1 ', undefined],
    ['x INVITE', undefined],
    ['INVITE', undefined],
  ])('%j', (text, expected) => expect(read(text)).toEqual(expected));
});
