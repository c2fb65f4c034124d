/** Sound at 8 kHz for detectors of keys. */
const LOW = [697, 770, 852, 941];
const HIGH = [1209, 1336, 1477, 1633];
export const KEYS = '123A456B789C*0#D';
const RATE = 8000;

export interface ToneShape {
  /** Peaks of the two tones. */
  readonly low?: number;
  readonly high?: number;
  /** Of both frequencies, as a factor. */
  readonly shift?: number;
}

export function keyTone(
  key: string,
  ms: number,
  { low = 6000, high = 6000, shift = 1 }: ToneShape = {},
): Int16Array {
  const at = KEYS.indexOf(key);
  const angle = (frequency: number, i: number) => (2 * Math.PI * frequency * shift * i) / RATE;
  return Int16Array.from(
    { length: (ms * RATE) / 1000 },
    (_, i) => low * Math.sin(angle(LOW[at >> 2]!, i)) + high * Math.sin(angle(HIGH[at & 3]!, i)),
  );
}

export function stillness(ms: number): Int16Array {
  return new Int16Array((ms * RATE) / 1000);
}

export function joined(pieces: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Numbers from -1 to 1, the same ones for the same seed. */
export function noiseSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

export function withNoise(samples: Int16Array, peak: number, next: () => number): Int16Array {
  return samples.map((sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample + peak * next()))));
}

/**
 * Something like speech: syllables with a gliding pitch, rich in harmonics that three moving formants lift out, with
 * breath between.
 */
export function speechLike(ms: number, seed: number): Int16Array {
  const next = noiseSource(seed);
  const out = new Int16Array((ms * RATE) / 1000);
  let at = 0;
  while (at < out.length) {
    const length = Math.floor(RATE * (0.12 + 0.2 * (next() + 1)));
    const voiced = next() > -0.7;
    const pitch = 160 + 80 * next();
    const glide = 0.25 * next();
    const formants = [500 + 300 * next(), 1400 + 600 * next(), 2500 + 500 * next()];
    const drift = formants.map(() => 0.3 * next());
    let phase = 0;
    for (let i = 0; i < length && at + i < out.length; i++) {
      const along = i / length;
      const envelope = Math.sin(Math.PI * along);
      const f0 = pitch * (1 + glide * along);
      phase += (2 * Math.PI * f0) / RATE;
      let sample = 0;
      if (voiced) {
        for (let h = 1; h * f0 < 3600; h++) {
          let gain = 0.02;
          for (const [k, formant] of formants.entries()) {
            const distance = (h * f0 - formant * (1 + drift[k]! * along)) / 120;
            gain += 1 / (1 + distance * distance);
          }
          sample += (gain / h ** 0.5) * Math.sin(h * phase);
        }
        sample *= 5000;
      } else {
        sample = 4000 * next();
      }
      out[at + i] = Math.max(-32_768, Math.min(32_767, Math.round(sample * envelope)));
    }
    at += length + Math.floor(RATE * 0.05 * (next() + 1));
  }
  return out;
}
