import assert from 'node:assert/strict';
import { fixContacts, restoreRequestUri } from '../../../src/core/nat/contact-fix.ts';
import { MessageEdit } from '../../../src/wire/sip/edit.ts';
import { H } from '../../../src/wire/sip/header-name.ts';
import { NameAddr } from '../../../src/wire/sip/name-addr.ts';
import { parseMessage } from '../../../src/wire/sip/parse.ts';
import { judge, judgeResponse } from '../../../src/wire/sip/verdict.ts';
import { tortureMessages, USUAL_MESSAGES } from '../target.ts';

export const name = 'contact-fix';
export const seeds: readonly string[] = [...tortureMessages(), ...USUAL_MESSAGES];

const SEEN = { address: '203.0.113.7', port: 40_000 };

/** A fixed Contact leads to the source, and its original can be told from it. */
export function run(input: Buffer): void {
  const result = parseMessage(input);
  if (!result.ok) return;
  const message = result.message;
  if (message.isRequest ? judge(message) : judgeResponse(message)) return;
  const edit = new MessageEdit(message);
  const count = fixContacts(edit, SEEN, { preserve: true });
  const fixed = parseMessage(edit.toBuffer());
  assert.ok(fixed.ok);
  assert.equal(fixed.message.flaws, 0);
  const before = message.elements(H.Contact);
  const after = fixed.message.elements(H.Contact);
  assert.equal(after.length, before.length);
  let changed = 0;
  for (const [i, { text }] of after.entries()) {
    const uri = NameAddr.parse(text)?.uri;
    const original = NameAddr.parse(before[i]!.text)?.uri;
    if (uri?.kind !== 'sip') continue;
    changed++;
    assert.deepEqual([uri.host, uri.port, uri.user], [SEEN.address, SEEN.port, original?.user]);
    assert.ok(restoreRequestUri(uri.toString()));
  }
  assert.equal(changed, count);
}
