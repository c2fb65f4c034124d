import assert from 'node:assert/strict';
import { decodeAlaw, decodeUlaw } from '../../../src/wire/rtp/g711.ts';
import { ToneDetector } from '../../../src/wire/rtp/goertzel.ts';
import { Reception } from '../../../src/wire/rtp/reception.ts';
import { buildReport, parseRtcp } from '../../../src/wire/rtp/rtcp.ts';
import {
  packetKind,
  payload,
  payloadType,
  sequenceNumber,
  ssrc,
  timestamp,
} from '../../../src/wire/rtp/rtp-header.ts';
import { buildTelephoneEvent, parseTelephoneEvent } from '../../../src/wire/rtp/telephone-event.ts';
import { parseWav, wavHeader } from '../../../src/wire/rtp/wav.ts';

export const name = 'rtp';
const FORMAT = { encoding: 'pcm16', channels: 2, rate: 8000 } as const;
const BLOCK = {
  ssrc: 1,
  fractionLost: 2,
  packetsLost: -3,
  highestSequence: 4,
  jitter: 5,
  lastReport: 6,
  delay: 7,
};
const SENDER = { ntpSeconds: 1, ntpFraction: 2, rtpTimestamp: 3, packets: 4, octets: 5 };
export const seeds: readonly string[] = [
  `\x80\x00\x00\x01\x00\x00\x00\xa0abcd${'\xff\x7f'.repeat(160)}`,
  '\xb2\x65\xff\xff\xff\xff\xff\xffabcdefghijkl\xbe\xde\x00\x01abcd\x0b\x8a\x03\x20\x00\x02',
  buildReport(9, [BLOCK, BLOCK], SENDER).toString('latin1'),
  buildReport(9, [BLOCK]).toString('latin1') +
    '\x81\xcb\x00\x01\x00\x00\x00\x07\x81\xca\x00\x01\x00\x00\x00\x07',
  `${wavHeader(FORMAT, 64).toString('latin1')}${'\x01\x02'.repeat(32)}`,
];

/** Whatever comes on a media port is read within its bounds or not at all. */
export function run(input: Buffer): void {
  const kind = packetKind(input);
  const content = payload(input);
  if (content) assert.ok(content.byteOffset >= input.byteOffset && content.length <= input.length - 12);
  if (kind === 'rtp') {
    assert.ok(payloadType(input) < 128 && sequenceNumber(input) < 65_536);
    assert.ok(timestamp(input) >= 0 && ssrc(input) >= 0);
  }
  const event = content && parseTelephoneEvent(content);
  if (event) assert.deepEqual(parseTelephoneEvent(buildTelephoneEvent(event)), event);

  for (const packet of parseRtcp(input) ?? []) {
    if (packet.kind !== 'report') continue;
    assert.deepEqual(parseRtcp(buildReport(packet.ssrc, packet.blocks, packet.sender)), [packet]);
  }
  const wav = parseWav(input);
  if (wav) {
    assert.ok(wav.data.length <= input.length);
    assert.deepEqual(parseWav(Buffer.concat([wavHeader(wav, wav.data.length), wav.data])), wav);
  }
  assert.ok(new ToneDetector().push(decodeUlaw(input)).length <= input.length / 204);
  assert.equal(decodeAlaw(input).length, input.length);

  const reception = new Reception();
  for (let at = 0; at + 4 <= input.length; at += 4) {
    reception.add(input.readUInt16BE(at), input.readUInt32BE(at), input.readUInt16BE(at + 2));
    const lost = reception.takeFractionLost();
    assert.ok(lost >= 0 && lost <= 255 && reception.jitter >= 0 && reception.expected >= 0);
  }
}
