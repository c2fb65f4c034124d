import { describe, expect, it } from 'vitest';
import { decodeUlaw, encodeUlaw } from './g711.ts';
import { TONE_RATE, ToneDetector, type ToneKey } from './goertzel.ts';
import {
  joined,
  KEYS,
  noiseSource,
  stillness as silence,
  type ToneShape,
  keyTone as tone,
  withNoise,
} from './testing/dtmf-sound.ts';

/** Pushes them in packets of 20 ms. */
function heard(...pieces: Int16Array[]): string {
  const detector = new ToneDetector();
  const all = joined(pieces);
  let keys = '';
  for (let at = 0; at < all.length; at += 160) keys += detector.push(all.subarray(at, at + 160));
  return keys;
}

const ALL_KEYS = [...KEYS];

describe('ToneDetector', () => {
  it('hears every key once, of 40 ms and of a second, through G.711', () => {
    const dialled = (ms: number) => ALL_KEYS.flatMap((key) => [silence(40), tone(key, ms)]);
    expect(heard(...dialled(40))).toBe(KEYS);
    expect(heard(...dialled(1000))).toBe(KEYS);
    expect(heard(...dialled(80).map((piece) => decodeUlaw(encodeUlaw(piece))))).toBe(KEYS);
  });

  it('tells when a key has fallen still, how long it sounded and how strong it was', () => {
    const ended: ToneKey[] = [];
    const detector = new ToneDetector((key) => ended.push(key));
    detector.push(tone('5', 100));
    expect([detector.sounding, ended]).toEqual(['5', []]);
    detector.push(silence(60));
    expect([detector.sounding, ended.length]).toEqual(['', 1]);
    expect(ended[0]!.key).toBe('5');
    expect(Math.abs(ended[0]!.duration - 800)).toBeLessThan(102);
    // Two sines of 6000 have a mean square of 6000² / 2 each.
    expect(Math.abs(10 * Math.log10(ended[0]!.power / 6000 ** 2))).toBeLessThan(1);
  });

  it('hears a key again after a pause, and not after a click', () => {
    expect(heard(tone('5', 60), silence(40), tone('5', 60))).toBe('55');
    expect(heard(tone('5', 60), silence(10), tone('5', 60))).toBe('5');
    expect(heard(tone('5', 60), tone('6', 60))).toBe('56');
  });

  it('hears keys 1.5 % beside, quiet, and with as much twist as ITU-T Q.24 allows', () => {
    const all = (ms: number, how: ToneShape) =>
      heard(...ALL_KEYS.flatMap((key) => [silence(40), tone(key, ms, how)]));
    expect(all(60, { shift: 1.015 })).toBe(KEYS);
    expect(all(60, { shift: 0.985 })).toBe(KEYS);
    expect(all(60, { low: 400, high: 400 })).toBe(KEYS);
    expect(all(60, { low: 6000 * 10 ** (8 / 20) })).toBe(KEYS);
    expect(all(60, { high: 6000 * 10 ** (4 / 20) })).toBe(KEYS);
  });

  it('hears nothing in a short blip, one tone alone, too much twist, noise and ringing', () => {
    expect(heard(silence(40), tone('1', 19), silence(40))).toBe('');
    expect(heard(tone('1', 500, { high: 0 }))).toBe('');
    expect(heard(tone('1', 500, { high: 20_000, low: 1000 }))).toBe('');
    const noise = withNoise(silence(5000), 32_767, noiseSource(1));
    expect(heard(noise)).toBe('');
    expect(heard(silence(1000).map((_, i) => 8000 * Math.sin((2 * Math.PI * 440 * i) / TONE_RATE)))).toBe('');
  });
});
