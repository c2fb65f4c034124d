import { describe, expect, it } from 'vitest';
import routes from '../../src/script/api/default-routes.ts';
import { CallHarness } from '../../testing/call-harness.ts';
import { calleeDialog } from '../../testing/peer-dialog.ts';

const SECOND = 'INVITE sip:premium@10.0.0.9 SIP/2.0\r\n\r\n';

/** What in a message another reader might take for the end of it, of a line, or for another header. */
const AMBIGUOUS: readonly (readonly [string, (text: string) => string])[] = [
  ['two lengths', (text) => text.replace('Content-Length: ', 'Content-Length: 0\r\nContent-Length: 1')],
  ['a length that is none', (text) => text.replace('Content-Length: 0', 'Content-Length: 0x10')],
  ['a negative length', (text) => text.replace('Content-Length: 0', 'Content-Length: -1')],
  ['a length of 2^32', (text) => text.replace('Content-Length: 0', 'Content-Length: 4294967296')],
  ['a length beyond the body', (text) => text.replace('Content-Length: 0', 'l: 100')],
  ['a bare LF', (text) => text.replace('Max-Forwards: 70', 'Subject: a\nRoute: <sip:10.0.0.9;lr>')],
  ['a bare CR', (text) => text.replace('Max-Forwards: 70', 'Subject: a\rRoute: <sip:10.0.0.9;lr>')],
  ['a NUL', (text) => text.replace('Max-Forwards: 70', 'Subject: a\0b')],
  ['a line without a colon', (text) => text.replace('Max-Forwards: 70', 'Max-Forwards')],
  [
    'a name with a control character',
    (text) => text.replace('Max-Forwards: 70', 'Route\x01: <sip:10.0.0.9;lr>'),
  ],
  ['two Call-IDs', (text) => text.replace('Call-ID:', 'i: other\r\nCall-ID:')],
  ['two Froms', (text) => text.replace('From:', 'f: <sip:bob@example.com>;tag=9\r\nFrom:')],
  ['two Tos', (text) => text.replace('To:', 't: <sip:bob@example.com>;tag=9\r\nTo:')],
  ['two CSeqs', (text) => text.replace('CSeq:', 'CSeq : 9 BYE\r\nCSeq:')],
];

async function call() {
  const harness = CallHarness.start({ routes, users: { alice: 'a', bob: 'b' } });
  const [alice, bob] = [harness.peer('alice'), harness.peer('bob')];
  await Promise.all([alice.register(), bob.register()]);
  const calling = alice.invite('bob');
  const incoming = await bob.next('INVITE');
  return { harness, alice, bob, calling, incoming };
}

function sentBy(harness: CallHarness, start: string): readonly string[] {
  return harness.network.record
    .filter((it) => it.sender === 'server' && it.text.startsWith(start))
    .map(({ text }) => text);
}

describe('a message that others may read otherwise', () => {
  it.each(AMBIGUOUS)('is not passed on as an ACK, with %s', async (_what, spoil) => {
    const { harness, bob, calling, incoming } = await call();
    await using _ = harness;
    incoming.reply(200);
    const { callId, remote, local, target, routes: set } = await calling.dialog();
    await calling.final;
    await harness.advance(0);
    const before = bob.acks.length;
    const ack =
      `ACK ${target} SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK-second-ack\r\n` +
      `${set.map((route) => `Route: ${route}\r\n`).join('')}From: ${local}\r\nTo: ${remote}\r\nCall-ID: ${callId}\r\n` +
      'CSeq: 3 ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n';
    const alice = harness.peer('stranger');
    alice.sendRaw(ack);
    await harness.advance(0);
    expect(bob.acks.length).toBe(before + 1);
    alice.sendRaw(spoil(ack) + SECOND);
    await harness.advance(0);
    expect(bob.acks.length).toBe(before + 1);
  });

  it.each(AMBIGUOUS)('is not passed on as an answer, with %s', async (_what, spoil) => {
    const { harness, bob, incoming } = await call();
    await using _ = harness;
    const sound =
      `SIP/2.0 200 OK\r\n${incoming.request.rawLines(1)}${incoming.request.rawLines(9)}` +
      `${incoming.request.rawLines(2)}To: <sip:bob@example.com>;tag=b\r\n${incoming.request.rawLines(4)}` +
      `${incoming.request.rawLines(5)}Contact: <${bob.contact}>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n`;
    bob.sendRaw(spoil(sound) + SECOND);
    await harness.advance(0);
    expect(sentBy(harness, 'SIP/2.0 200').filter((text) => text.includes('INVITE\r\n'))).toEqual([]);
    bob.sendRaw(sound);
    await harness.advance(0);
    expect(sentBy(harness, 'SIP/2.0 200').filter((text) => text.includes('INVITE\r\n')).length).toBe(1);
  });

  it.each(AMBIGUOUS)('is not passed on as a request, with %s', async (_what, spoil) => {
    const { harness, bob, incoming } = await call();
    await using _ = harness;
    incoming.reply(200);
    const dialog = calleeDialog(incoming.request, 'x');
    const bye =
      `BYE ${dialog.target} SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.2:5060;branch=z9hG4bK-bye\r\n` +
      `${dialog.routes.map((route) => `Route: ${route}\r\n`).join('')}From: ${dialog.local}\r\nTo: ${dialog.remote}\r\n` +
      `Call-ID: ${dialog.callId}\r\nCSeq: 3 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n`;
    bob.sendRaw(spoil(bye) + SECOND);
    await harness.advance(0);
    expect(sentBy(harness, 'BYE')).toEqual([]);
    expect(sentBy(harness, 'SIP/2.0 400').length).toBe(1);
    bob.sendRaw(bye.replace('z9hG4bK-bye', 'z9hG4bK-bye2'));
    await harness.advance(0);
    expect(sentBy(harness, 'BYE').length).toBe(1);
  });
});
