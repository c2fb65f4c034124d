import assert from 'node:assert/strict';
import { printCandidate } from '../../../src/wire/sdp/candidate.ts';
import { SdpEdit } from '../../../src/wire/sdp/edit.ts';
import { SessionDescription } from '../../../src/wire/sdp/session-description.ts';

export const name = 'sdp';
export const seeds: readonly string[] = [
  'v=0\r\no=- 1 1 IN IP4 10.0.0.34\r\ns=-\r\nc=IN IP4 10.0.0.34\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8\r\na=rtcp:4001\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n',
  'v=0\no=x 20518 0 IN IP6 2001:db8::1\ns= \nt=0 0\nm=audio 9 UDP/TLS/RTP/SAVPF 111\nc=IN IP4 0.0.0.0\na=rtcp-mux\na=ice-ufrag:F7gI\na=candidate:1 1 UDP 2130706431 10.0.0.34 8998 typ host\nm=video 0 RTP/AVP 99\nc=IN IP6 ::\n',
  'v=0\r\nm=audio 49170/2 RTP/AVP 31\r\ni=x\r\nc=IN IP4 224.2.1.1/127/3\r\na=inactive\r\n\r\n',
];

/** What is not edited stays byte for byte; what was edited is read back as it was wanted. */
export function run(input: Buffer): void {
  const text = input.toString('latin1');
  const result = SessionDescription.parse(text);
  if (!result.ok) return;
  const session = result.session;
  assert.equal(session.toString(), text);
  assert.equal(new SdpEdit(session).toString(), text);

  const edit = new SdpEdit(session).removeIce().addLineOnce('a=nortpproxy:yes').setOrigin('203.0.113.9');
  for (const medium of session.media) {
    for (const candidate of medium.candidates) assert.ok(printCandidate(candidate).includes(' typ '));
    edit.setMedia(medium, { address: '2001:db8::99', port: 30_000 + 2 * medium.index, replaceNull: true });
  }
  const again = SessionDescription.parse(edit.toString());
  assert.ok(again.ok);
  assert.ok(again.session.hasLine('a=nortpproxy:yes'));
  assert.equal(again.session.media.length, session.media.length);
  if (session.origin) assert.equal(again.session.origin?.connection.address, '203.0.113.9');
  for (const [i, medium] of again.session.media.entries()) {
    const before = session.media[i]!;
    assert.deepEqual(medium.formats, before.formats);
    assert.equal(medium.direction, before.direction);
    assert.deepEqual(medium.candidates, []);
    if (before.port === 0) assert.equal(medium.port, 0);
    else {
      assert.equal(medium.connection?.address, '2001:db8::99');
      assert.deepEqual([medium.port, medium.portCount, medium.rtcpPort], [30_000 + 2 * i, 1, 30_001 + 2 * i]);
    }
  }
}
