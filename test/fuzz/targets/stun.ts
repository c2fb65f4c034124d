import assert from 'node:assert/strict';
import { bindingAnswer, parseBindingRequest } from '../../../src/wire/stun/stun-message.ts';

export const name = 'stun';
const HEADER = '\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl';
export const seeds: readonly string[] = [
  HEADER,
  `\x00\x01\x00\x08${HEADER.slice(4)}\x80\x22\x00\x03abc\x00`,
  `\x00\x01\x00\x0c${HEADER.slice(4)}\x00\x24\x00\x04\x6e\x00\x01\xff\x80\x28\x00\x00`,
];

/** Every answer is well-formed, bears the transaction's id, and is small. */
export function run(input: Buffer): void {
  const request = parseBindingRequest(input);
  if (!request) return;
  assert.deepEqual(request.id, input.subarray(4, 20));
  for (const address of [[192, 0, 2, 1], new Array<number>(16).fill(7)]) {
    const answer = bindingAnswer(request, address, 5060);
    assert.equal(answer.readUInt16BE(2) + 20, answer.length);
    assert.equal(answer.length % 4, 0);
    assert.ok(answer.length <= 80);
    assert.deepEqual(answer.subarray(4, 20), request.id);
  }
}
