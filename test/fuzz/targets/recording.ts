import assert from 'node:assert/strict';
import { LegTimeline } from '../../../src/media/recorder/leg-timeline.ts';
import { PCAP } from '../../../src/media/recorder/pcap.ts';
import { cleanName } from '../../../src/media/recorder/recording-name.ts';
import { StereoMixer } from '../../../src/media/recorder/stereo-mixer.ts';
import { readPcap } from '../../../src/media/recorder/testing/read-capture.ts';
import { ULAW_SAMPLES } from '../../../src/wire/rtp/g711.ts';

export const name = 'recording';
export const seeds: readonly string[] = [
  'call@example.com=tag',
  '../../etc/passwd',
  '\x80\x00\x00\x01\x00\x00\x00\xa0abcd\x00\x14',
  '\x00\x00\x00\xa0\x00\x14'.repeat(20),
];

const HEADER = PCAP.header({ address: '192.0.2.1', port: 1 }, { address: '192.0.2.2', port: 2 });
/** Of a packet: its timestamp, and when it comes behind the one before. */
const PACKET_BYTES = 6;

/** Names stay names, captures can be read, and no timestamp makes a recording longer than the call. */
export function run(input: Buffer): void {
  const clean = cleanName(input.toString('latin1'));
  assert.ok(clean.length > 0 && clean.length <= 200 && !clean.startsWith('.') && !/[^\w%.@=+~-]/.test(clean));

  const record = Buffer.alloc(HEADER.length + input.length);
  HEADER.write(record, 0, 1_700_000_000_123.25, input);
  input.copy(record, HEADER.length);
  assert.deepEqual(readPcap(Buffer.concat([PCAP.fileHeader, record]))[0]!.payload, input);

  let bytes = 0;
  const mixer = new StereoMixer((frames) => (bytes += frames.length));
  const timeline = new LegTimeline();
  let now = 0;
  for (let at = 0; at + PACKET_BYTES <= input.length; at += PACKET_BYTES) {
    now += input.readUInt16BE(at + 4);
    mixer.advance(now);
    const position = timeline.place(1, input.readUInt32BE(at), false, now);
    if (position !== undefined) mixer.put('left', position, input.subarray(at), ULAW_SAMPLES);
  }
  mixer.finish();
  assert.ok(bytes % 4 === 0 && bytes / 4 <= now + 8001 + input.length);
}
