import assert from 'node:assert/strict';
import { FakeClock } from '../../../src/base/fake-clock.ts';
import { SequentialIds } from '../../../src/base/ids.ts';
import { OverloadControl } from '../../../src/core/front-door/overload.ts';
import { isScannersName } from '../../../src/core/front-door/scanners.ts';
import { isPlainlyDirect } from '../../../src/core/nat/nat-test.ts';
import { loadAccelerator } from '../../../src/net/accelerator.ts';
import { wordOf4 } from '../../../src/net/packed-address.ts';
import { Refusals } from '../../../src/net/refusals.ts';
import { receivedVia } from '../../../src/transaction/response-route.ts';
import { ServerIndex } from '../../../src/transaction/server-index.ts';
import { hasUniqueBranch, ServerKey } from '../../../src/transaction/server-key.ts';
import { FakeNetwork } from '../../../src/transaction/testing/fake-network.ts';
import { IndexEntry } from '../../../src/transaction/testing/index-entry.ts';
import { invite, scanInvite } from '../../../src/wire/sip/plain-invite.ts';
import { refusePlainInvite } from '../../../src/wire/sip/plain-refusal.ts';
import { byteString } from '../../../src/wire/sip/text.ts';
import { Via } from '../../../src/wire/sip/via.ts';
import { USUAL_MESSAGES } from '../target.ts';
import { PLAIN } from './plain-invite.ts';

const [ADDRESS, PORT, TAG, SCANNER] = ['192.0.2.9', 5060, 'abc', 'scanner'] as const;

const accelerator = loadAccelerator();
const word = wordOf4(ADDRESS);
const flow = new FakeNetwork('udp').peer(ADDRESS, PORT);
const clock = new FakeClock();
const ids = new SequentialIds();

/** All INVITEs are refused, and overload control knows that they are. */
export const refusals: Refusals = new Refusals();
const load = () => ({ busy: 1, ran: 1, waitedMs: 900, lost: 9 });
const overload = new OverloadControl({ clock, ids, load, settings: { targetDelayMs: 100 }, refusals });
clock.advance(1200);
refusals.answerWith(TAG);
refusals.passOn([SCANNER]);
refusals.allow(ADDRESS, Infinity);
refusals.refuse(0);
const index = new ServerIndex<IndexEntry>(ids.uint32());
refusals.keySalt.set(index.salt);

export const name = 'refuse';
export const seeds: readonly string[] = [
  ...USUAL_MESSAGES,
  ...PLAIN,
  `ACK sip:bob@192.0.2.7 SIP/2.0\r\nTo: <sip:bob@example.com>;tag=${TAG}\r\n\r\n`,
  'INVITE sip:bob@192.0.2.7 SIP/2.0\r\nv: SIP/2.0/UDP phone.example.com;rport;branch=z9hG4bKa1;x\r\nf: a\r\n' +
    'To: Bob <sip:bob@example.com>;x=y\r\ni: 1@a\r\nCSEQ: 1 INVITE\r\nUser-Agent: a\r\nl: 0\r\n\r\n',
  'INVITE sip:bob@192.0.2.7 SIP/2.0\r\nv: SIP/2.0/UDP 192.0.2.9:5060;x=1;branch=z9hG4bKa1\r\nf: a\r\n' +
    't: <sip:bob@example.com>\r\ni: 1@a\r\nCSEQ: 1 INVITE\r\nm: <sip:a%20b@192.0.2.9:5060;ob;x=y>;expires=3\r\nl: 0\r\n\r\n',
  'INVITE sip:bob@192.0.2.7 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa-1-2I\r\nf: a;tag=1c\r\n' +
    't: b <sip:bob@example.com>\r\ni: 1@a\r\nCSEQ: 1 INVITE\r\nContact: sip:a@192.0.2.9:5060;expires=3\r\nl: 0\r\n\r\n',
];

/** What is refused in C is what would be refused in TypeScript, and gets the same answer. */
export function run(input: Buffer): void {
  const answer = accelerator?.refuse(refusals, input, word, PORT);
  if (answer === undefined) return;
  if (answer === null) {
    assert.ok(input.toString('latin1', 0, 2) === 'AC' && input.includes(`;tag=${TAG}`));
    return;
  }
  assert.ok(scanInvite(input));
  const via = Via.parse(byteString(input, invite.via.value, invite.via.end));
  assert.ok(via !== undefined && hasUniqueBranch(via));
  assert.ok(via.rport !== undefined || isPlainlyDirect(input, via, flow));
  const { start, value, end } = invite.userAgent;
  assert.ok(start < 0 || !isScannersName(byteString(input, value, end), [SCANNER]));
  const later = overload.refusalOfInvite(via.branch);
  assert.ok(later !== undefined);
  const unread = refusePlainInvite(input, receivedVia(via, flow, false), TAG, later);
  assert.equal(answer.toString('latin1'), unread.toString('latin1'));
  const entry = new IndexEntry(new ServerKey(undefined, via, 'INVITE'));
  index.add(entry);
  refusals.know(entry.keyHash);
  assert.equal(accelerator?.refuse(refusals, input, word, PORT), undefined);
  refusals.forget(entry.keyHash);
  index.remove(entry);
}
