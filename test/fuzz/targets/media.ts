import assert from 'node:assert/strict';
import { Networks } from '../../../src/advertise/networks.ts';
import { ipFamily } from '../../../src/base/ip.ts';
import { described, isReachable } from '../../../src/script/media/described.ts';
import { OfferAnswer, otherParty, type Party } from '../../../src/script/media/offer-answer.ts';
import { SdpBody } from '../../../src/script/media/sdp-body.ts';
import { parseMessage } from '../../../src/wire/sip/parse.ts';

export const name = 'media';

const HEAD = 'INVITE sip:bob@example.com SIP/2.0\r\nCSeq: 1 INVITE\r\nCall-ID: media\r\n';
const SDP =
  'v=0\r\no=- 1 1 IN IP4 10.0.0.34\r\ns=-\r\nc=IN IP4 10.0.0.34\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\nm=video 0 RTP/AVP 99\r\n';
const BROWSER =
  'v=0\r\na=ice-ufrag:F7gI\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP6 ::\r\nm=audio 9 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n';

export const seeds: readonly string[] = [
  `${HEAD}Content-Type: application/sdp\r\n\r\n${SDP}`,
  `${HEAD}c: application/sdp\r\ne: identity\r\n\r\n${BROWSER}`,
  `${HEAD}Content-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\nContent-Type: application/sdp\r\n\r\n${SDP}\r\n--b--\r\n`,
];

const NETWORKS = new Networks({});
const METHODS = ['INVITE', 'UPDATE', 'ACK', 'PRACK', 'BYE'] as const;
const STATUSES = [100, 180, 183, 200, 299, 300, 488, 699] as const;

/** A description is found and put back where it stood; any order of messages leaves offers and answers told apart. */
export function run(input: Buffer): void {
  exchange(input);
  const result = parseMessage(input);
  if (!result.ok) return;
  const { message } = result;
  const body = SdpBody.of(message);
  if (!body) return;

  const put = body.with(body.text).toString('latin1');
  assert.ok(put.includes(body.text));
  // The length that a part tells of itself is put right.
  if (!/^(content-length|l)\s*:/im.test(put)) assert.equal(put, message.body.toString('latin1'));
  const there = described(body.text);
  for (const address of there.addresses) assert.notEqual(ipFamily(address), 0);
  assert.ok(isReachable({ ...there, addresses: ['192.0.2.1'] }, '192.0.2.1', NETWORKS));
  void isReachable(there, '198.51.100.7', NETWORKS);
}

function exchange(input: Buffer): void {
  const tracking = new OfferAnswer();
  for (const byte of input.subarray(0, 200)) {
    const method = METHODS[byte % METHODS.length]!;
    const from: Party = byte & 0x80 ? 'callee' : 'caller';
    const cseq = (byte >> 3) % 4;
    const hasSdp = (byte & 1) === 0;
    const status = STATUSES[(byte >> 2) % STATUSES.length]!;
    const asked = tracking.request(method, from, cseq, hasSdp);
    assert.equal(asked === undefined || (hasSdp && asked.from === from), true);
    assert.deepEqual(tracking.request(method, from, cseq, hasSdp), asked);
    const answered = tracking.response(method, from, cseq, status, hasSdp);
    assert.equal(answered === undefined || (hasSdp && answered.from === otherParty(from)), true);
    if (answered && asked && method !== 'PRACK') assert.notEqual(answered.kind, asked.kind);
    if (status >= 300) {
      const fallen = tracking.refused(method, from, cseq);
      assert.equal(fallen === undefined || fallen.from === from, true);
      assert.equal(tracking.refused(method, from, cseq), undefined);
    }
  }
}
