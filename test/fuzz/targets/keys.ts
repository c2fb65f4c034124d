import assert from 'node:assert/strict';
import { EventDetector } from '../../../src/media/dtmf/event-detector.ts';
import type { KeyPress } from '../../../src/media/dtmf/key-press.ts';
import { ToneListener } from '../../../src/media/dtmf/tone-listener.ts';
import { encodeUlaw } from '../../../src/wire/rtp/g711.ts';
import { writeRtpHeader } from '../../../src/wire/rtp/rtp-header.ts';
import { buildTelephoneEvent } from '../../../src/wire/rtp/telephone-event.ts';
import { keyTone } from '../../../src/wire/rtp/testing/dtmf-sound.ts';

export const name = 'keys';

/** Inputs are packets of one length. */
const EVENT_BYTES = 16;
const SOUND_BYTES = 172;

function packets(payloadType: number, contents: readonly Buffer[]): string {
  return contents
    .map((content, i) => {
      const bytes = Buffer.concat([Buffer.alloc(12), content]);
      const timestamp = payloadType === 101 ? 1000 : 160 * i;
      writeRtpHeader(bytes, { payloadType, sequenceNumber: i, timestamp, ssrc: 7, marker: i === 0 });
      return bytes.toString('latin1');
    })
    .join('');
}

const SOUND = encodeUlaw(keyTone('5', 100));
export const seeds: readonly string[] = [
  packets(
    101,
    [160, 320, 480, 640, 640, 640].map((duration, i) =>
      buildTelephoneEvent({ event: 5, end: i > 2, volume: 10, duration }),
    ),
  ),
  packets(101, [buildTelephoneEvent({ event: 16, end: false, volume: 0, duration: 0xffff })]),
  packets(
    0,
    [0, 1, 2, 3, 4].map((n) => SOUND.subarray(160 * n, 160 * (n + 1))),
  ),
];

/** Whatever the packets are, there are no more keys than packets, and each is told once and whole. */
export function run(input: Buffer): void {
  const told: KeyPress[] = [];
  const events = new EventDetector((press) => told.push(press));
  let count = 0;
  for (let at = 0; at + EVENT_BYTES <= input.length; at += EVENT_BYTES) {
    events.push(input.subarray(at, at + EVENT_BYTES));
    count++;
  }
  events.release();
  const { length } = told;
  assert.ok(length <= count && !events.pressed);
  events.release();
  assert.equal(told.length, length);

  const tones = new ToneListener((press) => told.push(press));
  for (let at = 0; at + 12 <= input.length; at += SOUND_BYTES) {
    tones.push(input.subarray(at, Math.min(input.length, at + SOUND_BYTES)));
  }
  tones.release();
  assert.ok(!tones.pressed);
  for (const { key, volume, duration } of told) {
    assert.ok('0123456789*#ABCD!'.includes(key) && volume >= 0 && volume <= 63 && duration >= 0);
  }
}
