import assert from 'node:assert/strict';
import { engineMedia, printEngine } from '../../../src/media/control/engine-description.ts';
import type { MediaListener } from '../../../src/media/control/media-control.ts';
import { readNotification } from '../../../src/media/control/notification-reader.ts';
import { flatCounters, readNgAnswer } from '../../../src/media/control/rtpengine-answer.ts';
import { hasNoRoom, mayGoElsewhere, readAnswer } from '../../../src/media/control/rtpproxy-answer.ts';
import { LineFramer } from '../../../src/wire/rtpproxy/frame.ts';
import { readCounters, readRelayAddress } from '../../../src/wire/rtpproxy/reply.ts';
import type { MediaDescription } from '../../../src/wire/sdp/media-description.ts';
import { SessionDescription } from '../../../src/wire/sdp/session-description.ts';

export const name = 'relay-answers';
export const seeds: readonly string[] = [
  '40000 10.0.0.34\n',
  '40000 2001:db8::1 6 && 0\n',
  '60 10 11 21 0\n',
  'E72\nE50\nE3\nE\n',
  'T12.7a\nDd12.7a # 10 800 1\nI\nDd 5 1 1 0\nT\n',
  'd6:result5:error12:error-reason15:Unknown call-ide',
  'd6:result2:ok6:totalsd3:RTPd7:packetsi12eeee',
  'd3:sdp96:v=0\r\no=- 1 1 IN IP4 10.0.0.34\r\ns=-\r\nc=IN IP4 10.0.0.34\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp:4001\r\n6:result2:oke',
  '{"result":"ok","sdp":"v=0\\r\\nc=IN IP6 ::1\\r\\nm=audio 9 RTP/AVP 0\\r\\na=candidate:1 1 UDP 1 ::1 9 typ host\\r\\n"}',
];

/** Whatever a relay says is read as something; what a tag or key is told of came with it. */
export function run(input: Buffer): void {
  const framer = new LineFramer();
  const text = input.toString('latin1');
  const heard: MediaListener = {
    mediaStopped: (tag) => assert.ok(tag !== '' && text.includes(`T${tag}`)),
    mediaKey: (tag, { key }) => assert.ok(tag !== '' && text.includes(`Dd${tag}`) && key !== ''),
  };
  for (const line of framer.push(input)) {
    readNotification(line, undefined, heard);
    proxyAnswer(line);
  }
  proxyAnswer(text);
  engineAnswer(text);
}

function proxyAnswer(text: string): void {
  const answer = readAnswer({ ok: true, text });
  if (!answer.ok) {
    assert.ok(answer.reason !== '');
    // A relay that is full is one that may be passed by.
    if (hasNoRoom(answer)) assert.ok(mayGoElsewhere(answer));
    return;
  }
  const address = readRelayAddress(answer.words);
  if (address) assert.ok(address.port >= 0 && address.port < 65_536);
  readCounters(answer.words, ['a', 'b']);
}

function engineAnswer(text: string): void {
  const answer = readNgAnswer({ ok: true, text });
  if (!answer.ok) return;
  for (const value of flatCounters(answer.body).values()) assert.ok(Number.isFinite(value));
  const { sdp } = answer.body;
  const parsed = typeof sdp === 'string' ? SessionDescription.parse(sdp) : undefined;
  if (!parsed?.ok) return;
  const media = engineMedia(parsed.session, { advertised: undefined, local: false });
  assert.equal(
    printEngine(parsed.session, media, ({ address }) => address!),
    sdp,
  );
  const moved = SessionDescription.parse(printEngine(parsed.session, media, () => '203.0.113.9'));
  assert.ok(moved.ok);
  for (const { index, port } of media) {
    const medium: MediaDescription = moved.session.media[index]!;
    assert.equal(medium.port, port);
    assert.equal(medium.connection?.address, '203.0.113.9');
  }
}
