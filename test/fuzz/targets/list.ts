import assert from 'node:assert/strict';
import { splitList } from '../../../src/wire/sip/list.ts';

export const name = 'list';
export const seeds: readonly string[] = [
  '<sip:a,b@c>, "x, \\"y" <sip:d>;q=1 ,, token',
  'Digest realm="a,b", nonce="c"',
  'a,\r\n b',
];

/** Elements stand in order without touching; together again they split the same. */
export function run(input: Buffer): void {
  const bounds = splitList(input, 0, input.length);
  const elements: Buffer[] = [];
  let before = -1;
  for (let i = 0; i < bounds.length; i += 2) {
    assert.ok(bounds[i]! > before && bounds[i + 1]! > bounds[i]! && bounds[i + 1]! <= input.length);
    before = bounds[i + 1]!;
    elements.push(input.subarray(bounds[i], bounds[i + 1]));
  }
  const joined = Buffer.concat(
    elements.flatMap((element, i) => (i === 0 ? [element] : [Buffer.from(', '), element])),
  );
  assert.equal(splitList(joined, 0, joined.length).length, bounds.length);
}
