import assert from 'node:assert/strict';
import type { MediaQuestion } from '../../../src/media/control/media-control.ts';
import { printed } from '../../../src/media/control/media-failure.ts';
import { parseNodeSet } from '../../../src/media/control/node-spec.ts';
import { parseRtpengineFlags } from '../../../src/media/control/parse-rtpengine-flags.ts';
import { parseRtpproxyFlags } from '../../../src/media/control/parse-rtpproxy-flags.ts';
import { printRelayed, relayedMedia } from '../../../src/media/control/relayed-description.ts';
import { descriptionRequest } from '../../../src/media/control/rtpengine-request.ts';
import { RtpproxyCapability } from '../../../src/media/control/rtpproxy-probe.ts';
import { updateCommand } from '../../../src/media/control/update-command.ts';
import { parseBencode, printBencode } from '../../../src/wire/ng/bencode.ts';
import { parseCommand } from '../../../src/wire/rtpproxy/parse-command.ts';
import { printCommand } from '../../../src/wire/rtpproxy/print-command.ts';
import { isWord } from '../../../src/wire/rtpproxy/words.ts';
import type { MediaDescription } from '../../../src/wire/sdp/media-description.ts';
import { SessionDescription } from '../../../src/wire/sdp/session-description.ts';

export const name = 'relay-questions';
const SDP =
  'v=0\r\no=- 1 1 IN IP4 10.0.0.34\r\ns=-\r\nc=IN IP4 10.0.0.34\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\na=rtcp:4001\r\nm=video 4002 RTP/SAVPF 96\r\nc=IN IP6 2001:db8::1\r\na=candidate:1 1 UDP 1 10.0.0.34 4002 typ host\r\nm=image 0 udptl t38\r\n';
/** Flags, Call-ID, tags and the rest, each on a line before the description. */
export const seeds: readonly string[] = [
  `ro\ncall-1@example.com\nft\ntt\n12.7\n{pub}\n${SDP}`,
  `aeiz20t30nd101\na b\nft;1\n\nx\n10.0.0.5\n${SDP}`,
  `kfl\n&&\n \n\n\n\n${SDP}`,
  'n<tcp:192.0.2.1:9999>\nc\nf\nt\ny\n\nv=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n',
  'ICE=remove replace-origin codec=[strip=[all] transcode=[PCMU]] direction=a direction=b\nc\nf\nt\n\n\n',
  '3 == udp:10.0.0.1:7|99.88.44.33=2 unix:/run/r.sock embedded udp6:[::1]\nc\nf\nt\n\n\n',
];

/** No word from outside makes another command, and every description that is printed says what the relay said. */
export function run(input: Buffer): void {
  const lines = input.toString('latin1').split('\n');
  const [letters = '', callId = '', fromTag = '', to = '', tag = '', local = ''] = lines;
  const sdp = lines.slice(6).join('\n');
  const parsed = parseRtpproxyFlags(letters);
  const words = parseRtpengineFlags(letters);
  parseNodeSet(letters, 'rtpproxy');
  parseNodeSet(letters, 'rtpengine');
  const question: MediaQuestion = {
    callId,
    fromTag,
    toTag: to === '' ? undefined : to,
    sdp,
    source: '192.0.2.1',
    reader: '2001:db8::7',
    toFamily: 6,
    flags: parsed.ok ? parsed.flags : {},
    ...(words.ok ? { engine: words.flags } : {}),
    // What is not one word is refused before.
    tag: isWord(tag) ? tag : undefined,
    local: local === '' ? undefined : local,
  };
  engineRequest(question);
  const description = SessionDescription.parse(sdp);
  if (description.ok) relay(question, description.session);
}

function engineRequest(question: MediaQuestion): void {
  const request = descriptionRequest(question, true, 'remove');
  assert.deepEqual(parseBencode(printBencode(request)), parseBencode(printBencode(request)));
  assert.equal((parseBencode(printBencode(request)) as { sdp: string }).sdp, question.sdp);
}

function relay(question: MediaQuestion, session: SessionDescription): void {
  const media = relayedMedia(session);
  for (const { medium, number } of media.slice(0, 4)) {
    for (const offer of [true, false]) {
      const command = updateCommand(question, {
        medium,
        number,
        offer,
        capabilities: new Set(Object.values(RtpproxyCapability)),
        notifySocket: 'tcp:192.0.2.9:9999',
        autobridge: true,
      });
      const text = printed(() => printCommand(command));
      if (typeof text !== 'string') continue;
      assert.ok(!text.includes('\n') && !text.includes('\r') && !text.includes('\0'));
      const read = parseCommand(text);
      // An address of the relay is the script's word, and may be none; all else is right.
      if (!read.ok && question.local !== undefined) continue;
      assert.deepEqual(read, { ok: true, command }, text);
    }
  }
  const relayed = media.map(({ medium: { index } }) => ({
    index,
    port: 30_000 + 2 * index,
    address: '10.0.0.9',
    family: 4 as const,
    advertised: undefined,
    local: true,
  }));
  const flags = question.flags ?? {};
  const text = printRelayed(session, relayed, flags, 'a=nortpproxy:yes', () => '203.0.113.9');
  if (flags.keepBody) {
    assert.equal(text, session.text);
    return;
  }
  const again = SessionDescription.parse(text);
  assert.ok(again.ok);
  assert.ok(again.session.hasLine('a=nortpproxy:yes'));
  for (const { index, port } of relayed) {
    const medium: MediaDescription = again.session.media[index]!;
    assert.equal(medium.port, port);
    if (!session.media[index]!.hasNullAddress) assert.equal(medium.connection?.address, '203.0.113.9');
    assert.deepEqual(medium.candidates, []);
  }
}
