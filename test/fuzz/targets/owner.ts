import assert from 'node:assert/strict';
import { loadAccelerator } from '../../../src/net/accelerator.ts';
import { messageOwner } from '../../../src/wire/sip/owner.ts';
import { tortureMessages, USUAL_MESSAGES } from '../target.ts';

const accelerator = loadAccelerator();

export const name = 'owner';
export const seeds: readonly string[] = [
  ...USUAL_MESSAGES,
  ...tortureMessages(),
  'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP [::1] ; branch = z9hG4bK3000a12345678.x;r="\\"", SIP/2.0/UDP b\r\ni: 1\r\n\r\n',
  'REGISTER sip:a SIP/2.0\r\nt: "a\\"<" <sip:%61%6cice:p@a;x?y>\r\n\tx\r\ni: 2\r\n\r\n',
];

/** One of the workers, or none; and the scan in C, where it is built, says the same. */
export function run(input: Buffer): void {
  for (const count of [1, 2, 5, 36]) {
    const owner = messageOwner(input, count);
    assert.ok(owner >= -1 && owner < count);
    if (accelerator) assert.equal(accelerator.ownerOf(input, count), owner);
  }
}
