import assert from 'node:assert/strict';
import { isContactAt } from '../../../src/core/nat/contact-at.ts';
import { isAddressOf } from '../../../src/wire/sip/address-scan.ts';
import { buildResponse } from '../../../src/wire/sip/build.ts';
import { H } from '../../../src/wire/sip/header-name.ts';
import { parseMessage } from '../../../src/wire/sip/parse.ts';
import { invite, scanInvite } from '../../../src/wire/sip/plain-invite.ts';
import { refusePlainInvite } from '../../../src/wire/sip/plain-refusal.ts';
import { byteString } from '../../../src/wire/sip/text.ts';
import { Via } from '../../../src/wire/sip/via.ts';
import { tortureMessages, USUAL_MESSAGES } from '../target.ts';

const plain = (via: string, more = '') =>
  `INVITE sip:bob@192.0.2.7 SIP/2.0\r\nVia: ${via}\r\nf: "A" <sip:a@192.0.2.9>;tag=1\r\nTo: Bob <sip:bob@example.com>;x=y\r\n` +
  `Call-ID: 1@a\r\nCSeq: 1 INVITE\r\n${more}Content-Length: 4\r\n\r\nv=0\n`;

export const name = 'plain-invite';
/** INVITEs that nothing is wrong with. */
export const PLAIN: readonly string[] = [
  plain('SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKa1;rport', 'Contact: <sip:a@192.0.2.9:5060>\r\n'),
  plain('SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa1', 'm: sip:a@192.0.2.9:5060\r\nUser-Agent: x y\r\n'),
  plain(
    'SIP/2.0/UDP [2001:db8::9]:5060;received=192.0.2.1;branch=z9hG4bKa1',
    'Subject:\r\nCONTACT: <sip:b>\r\n',
  ),
];
export const seeds: readonly string[] = [...USUAL_MESSAGES, ...tortureMessages(), ...PLAIN];

const [TAG, LATER, ADDRESS, PORT] = ['abc', '5', '192.0.2.9', 5060] as const;

/** An INVITE that is refused unread gets the answer that it gets when it is read. */
export function run(input: Buffer): void {
  if (!scanInvite(input)) return;
  const parsed = parseMessage(input);
  assert.ok(parsed.ok);
  const { message } = parsed;
  assert.equal(message.method, 'INVITE');
  assert.ok(message.requestUri.startsWith('sip:'));
  assert.ok(!message.hasToTag && !message.hasSeveral(H.Via));
  const written = byteString(input, invite.via.value, invite.via.end);
  assert.equal(Via.parse(written)?.toString(), message.topVia?.toString());
  const { start, value, end } = invite.userAgent;
  assert.equal(start < 0 ? undefined : byteString(input, value, end), message.get(H.UserAgent));
  const { contact } = invite;
  if (contact.start >= 0 && isAddressOf(input, contact.value, contact.end, ADDRESS, PORT)) {
    assert.ok(isContactAt(message, ADDRESS, PORT));
  }
  const via = message.topVia;
  if (!via) return;
  for (const topVia of [via.toString(), via.withSource(ADDRESS, PORT)]) {
    const headers = [[H.RetryAfter, LATER]] as const;
    const read = buildResponse(message, { status: 503, toTag: TAG, headers, topVia });
    const unread = refusePlainInvite(input, topVia, TAG, LATER);
    assert.equal(unread.toString('latin1'), read.toString('latin1'));
  }
}
