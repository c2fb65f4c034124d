import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { encodeAlaw, encodeUlaw, PCMA, PCMU } from '../../wire/rtp/g711.ts';
import {
  joined,
  KEYS,
  keyTone,
  noiseSource,
  speechLike,
  stillness,
  type ToneShape,
  withNoise,
} from '../../wire/rtp/testing/dtmf-sound.ts';
import { parseWav } from '../../wire/rtp/wav.ts';
import { rtpPacket } from '../testing/rtp.ts';
import type { KeyPress } from './key-press.ts';
import { ToneListener } from './tone-listener.ts';

const PACKET = 160;

/** @param fate says of each packet whether it comes, and whether it comes twice */
function heard(samples: Int16Array, type = PCMU, fate: (n: number) => number = () => 1): KeyPress[] {
  const told: KeyPress[] = [];
  const listener = new ToneListener((press) => told.push(press));
  const codes = type === PCMA ? encodeAlaw(samples) : encodeUlaw(samples);
  for (let n = 0; n * PACKET < codes.length; n++) {
    const timestamp = 0xffff_fe00 + n * PACKET;
    const header = { payloadType: type, sequenceNumber: n, timestamp, ssrc: 7 };
    const packet = rtpPacket(header, codes.subarray(n * PACKET, (n + 1) * PACKET));
    for (let times = fate(n); times > 0; times--) listener.push(packet);
  }
  listener.release();
  return told;
}

function keysOf(presses: readonly KeyPress[]): string {
  return presses.map(({ key }) => key).join('');
}

function dialled(ms: number, pause: number, shape?: ToneShape): Int16Array {
  return joined([...KEYS].flatMap((key) => [stillness(pause), keyTone(key, ms, shape)]));
}

describe('ToneListener', () => {
  it.each([PCMU, PCMA])('hears every key once in payload type %d, with duration and volume', (type) => {
    const told = heard(dialled(100, 60), type);
    expect(keysOf(told)).toBe(KEYS);
    for (const { durationMs, volume, origin } of told) {
      expect(Math.abs(durationMs - 100)).toBeLessThan(20);
      // Two sines of 6000: 10.7 dB below the largest sine and 3 more for two, against 3.17 dBm0.
      expect(volume).toBeGreaterThanOrEqual(7);
      expect(volume).toBeLessThanOrEqual(10);
      expect(origin).toBe('tone');
    }
  });

  it.each([
    ['20 dB of noise below the tones', 600],
    ['15 dB', 1100],
  ])('hears keys with %s', (_name, peak) => {
    for (const seed of [1, 2, 3]) {
      expect(keysOf(heard(withNoise(dialled(80, 60), peak, noiseSource(seed))))).toBe(KEYS);
    }
  });

  it('hears keys with twist and frequencies beside, as ITU-T Q.24 allows, in noise', () => {
    const shapes: ToneShape[] = [
      { low: 6000 * 10 ** (7 / 20) },
      { high: 6000 * 10 ** (3 / 20) },
      { shift: 1.015 },
      { shift: 0.985 },
      { low: 500, high: 500 },
    ];
    for (const shape of shapes) {
      const samples = dialled(80, 60, shape);
      const peak = (Math.min(shape.low ?? 6000, shape.high ?? 6000) / 6000) * 400;
      expect(keysOf(heard(withNoise(samples, peak, noiseSource(5))))).toBe(KEYS);
    }
  });

  it('hears each key once though packets are lost, doubled or late', () => {
    const samples = dialled(160, 120);
    expect(keysOf(heard(samples, PCMU, (n) => (n % 5 === 3 ? 0 : 1)))).toBe(KEYS);
    expect(keysOf(heard(samples, PCMU, () => 2))).toBe(KEYS);
  });

  it('hears equal keys as two where a pause of many packets was never sent', () => {
    const samples = joined([keyTone('7', 100), stillness(500), keyTone('7', 100)]);
    expect(keysOf(heard(samples, PCMU, (n) => (n >= 5 && n < 30 ? 0 : 1)))).toBe('77');
  });

  it('hears no key in speech-like sound and noise, of any of ten voices', () => {
    for (let seed = 1; seed <= 10; seed++) {
      expect(keysOf(heard(speechLike(6000, seed))), `seed ${seed}`).toBe('');
      const next = noiseSource(seed);
      expect(keysOf(heard(withNoise(stillness(3000), 20_000, next)))).toBe('');
    }
  });

  it('hears keys under talk that is 12 dB lower', () => {
    const talk = speechLike(16 * 160, 3);
    const both = dialled(100, 60).map((sample, i) => sample + (talk[i] ?? 0) / 8);
    expect(keysOf(heard(both))).toBe(KEYS);
  });

  it('hears no key in what espeak-ng says', (context) => {
    const text =
      'Thank you for calling. One, two, three, four. Please hold the line, we are busy. Eight zero five.';
    const said = spawnSync('espeak-ng', ['--stdout', '-s', '150', text], { maxBuffer: 1 << 24 });
    const wav = said.error ? undefined : parseWav(said.stdout);
    if (!wav) return context.skip('espeak-ng is not installed');
    // Crudely from 22 050 Hz to 8000: aliases only make it harder.
    const step = wav.rate / 8000;
    const samples = Int16Array.from({ length: Math.floor(wav.data.length / 2 / step) }, (_, i) =>
      wav.data.readInt16LE(2 * Math.floor(i * step)),
    );
    expect(samples.length).toBeGreaterThan(20_000);
    expect(keysOf(heard(samples))).toBe('');
  });

  it('passes over other payload types and packets without payload', () => {
    const told: KeyPress[] = [];
    const listener = new ToneListener((press) => told.push(press));
    const codes = encodeUlaw(keyTone('1', 200));
    listener.push(rtpPacket({ payloadType: 18, sequenceNumber: 1, timestamp: 0, ssrc: 1 }, codes));
    listener.push(
      rtpPacket({ payloadType: PCMU, sequenceNumber: 1, timestamp: 0, ssrc: 1 }, Buffer.alloc(0)),
    );
    listener.release();
    expect(told).toEqual([]);
  });
});
