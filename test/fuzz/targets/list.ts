import assert from 'node:assert/strict';
import { element, scanElement } from '../../../src/wire/sip/list.ts';

export const name = 'list';
export const seeds: readonly string[] = [
  '<sip:a,b@c>, "x, \\"y" <sip:d>;q=1 ,, token',
  'Digest realm="a,b", nonce="c"',
  'a,\r\n b',
];

/** Elements stand in order without touching; together again they split the same. */
export function run(input: Buffer): void {
  const elements: Buffer[] = [];
  let before = -1;
  for (let at = scanElement(input, 0, input.length); at >= 0; at = scanElement(input, at, input.length)) {
    const { start, end } = element;
    assert.ok(start > before && end > start && end <= input.length && at > end - 1);
    before = end;
    elements.push(input.subarray(start, end));
  }
  const joined = Buffer.concat(
    elements.flatMap((element, i) => (i === 0 ? [element] : [Buffer.from(', '), element])),
  );
  let count = 0;
  for (let at = scanElement(joined, 0, joined.length); at >= 0; at = scanElement(joined, at, joined.length))
    count++;
  assert.equal(count, elements.length);
}
