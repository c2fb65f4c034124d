import { describe, expect, it } from 'vitest';
import { decodeUlaw, encodeUlaw } from './g711.ts';
import { TONE_RATE, ToneDetector } from './goertzel.ts';

const LOW = [697, 770, 852, 941];
const HIGH = [1209, 1336, 1477, 1633];
const KEYS = '123A456B789C*0#D';

interface Tone {
  readonly low?: number;
  readonly high?: number;
  /** Of both frequencies, as a factor. */
  readonly shift?: number;
}

function tone(key: string, ms: number, { low = 6000, high = 6000, shift = 1 }: Tone = {}): Int16Array {
  const at = KEYS.indexOf(key);
  const angle = (frequency: number, i: number) => (2 * Math.PI * frequency * shift * i) / TONE_RATE;
  return Int16Array.from(
    { length: (ms * TONE_RATE) / 1000 },
    (_, i) => low * Math.sin(angle(LOW[at >> 2]!, i)) + high * Math.sin(angle(HIGH[at & 3]!, i)),
  );
}

function silence(ms: number): Int16Array {
  return new Int16Array((ms * TONE_RATE) / 1000);
}

/** Pushes them in packets of 20 ms. */
function heard(...pieces: Int16Array[]): string {
  const detector = new ToneDetector();
  const all = Int16Array.from(pieces.flatMap((piece) => [...piece]));
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

  it('hears a key again after a pause, and not after a click', () => {
    expect(heard(tone('5', 60), silence(40), tone('5', 60))).toBe('55');
    expect(heard(tone('5', 60), silence(10), tone('5', 60))).toBe('5');
    expect(heard(tone('5', 60), tone('6', 60))).toBe('56');
  });

  it('hears keys 1.5 % beside, quiet, and with as much twist as ITU-T Q.24 allows', () => {
    const all = (ms: number, how: Tone) =>
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
    let state = 1;
    const noise = silence(5000).map(
      () => ((state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16) - 32_768,
    );
    expect(heard(noise)).toBe('');
    expect(heard(silence(1000).map((_, i) => 8000 * Math.sin((2 * Math.PI * 440 * i) / TONE_RATE)))).toBe('');
  });
});
