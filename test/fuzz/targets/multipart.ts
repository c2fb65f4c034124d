import assert from 'node:assert/strict';
import { findBodyPart, replaceBodyPart } from '../../../src/wire/sip/multipart.ts';

export const name = 'multipart';
export const seeds: readonly string[] = [
  '--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b--\r\n',
  'preamble\r\n--b\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi\r\n--b\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n\r\n--b--',
  '--b\nContent-Type: multipart/alternative; boundary="c"\n\n--c\nContent-Type: application/sdp\n\nv=0\n--c--\n--b--\n',
];

/** A part that was found and replaced is found again with what was put there, and all round it is as it was. */
export function run(input: Buffer): void {
  for (const type of ['multipart/mixed;boundary=b', `multipart/mixed;${input.toString('latin1', 0, 40)}`]) {
    const part = findBodyPart(type, input, 'application/sdp');
    if (!part) continue;
    assert.ok(part.start <= part.end && part.end <= input.length);
    const content = Buffer.from('v=0\r\ns=a description of another length');
    const replaced = replaceBodyPart(input, part, content);
    assert.deepEqual(
      replaced.subarray(replaced.length - (input.length - part.end)),
      input.subarray(part.end),
    );
    const again = findBodyPart(type, replaced, 'application/sdp');
    assert.ok(again);
    assert.deepEqual(replaced.subarray(again.start, again.end), content);
  }
}
