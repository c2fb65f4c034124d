/** Samples a second that the detector wants. */
export const TONE_RATE = 8000;

const LOW = [697, 770, 852, 941];
const HIGH = [1209, 1336, 1477, 1633];
const KEYS = '123A456B789C*0#D';

/** 12.75 ms: two whole blocks lie within the shortest tone that must be heard, 40 ms (ITU-T Q.24). */
const BLOCK = 102;
/** Blocks for which a key has to sound, and to be still: pauses of 40 ms fill three, gaps of 10 ms touch two (Q.24). */
const SOUNDING = 2;
const STILL = 3;
/** Mean power of a block below which there is no tone: 37 dB below the loudest sine. */
const LEAST_POWER = 100_000;
/** The two tones must hold this share of all power: speech spreads its own, and less than 19 ms fill too little of two blocks. */
const LEAST_SHARE = 0.75;
/** By how much the low tone may be stronger, and the high one: 8 and 4 dB (ITU-T Q.24), and one for what short blocks blur. */
const LOW_TWIST = 10 ** 0.9;
const HIGH_TWIST = 10 ** 0.5;

const LOW_COEFFICIENTS = LOW.map(coefficient);
const HIGH_COEFFICIENTS = HIGH.map(coefficient);

/** A key that has sounded. */
export interface ToneKey {
  readonly key: string;
  /** Samples, to a block's length. */
  readonly duration: number;
  /** Mean of the squares of its samples. */
  readonly power: number;
}

/** Hears DTMF keys (ITU-T Q.23) in samples at 8 kHz, by Goertzel's filters over short blocks. */
export class ToneDetector {
  readonly #ended: (key: ToneKey) => void;
  readonly #block: Float64Array = new Float64Array(BLOCK);
  #filled = 0;
  /** What the last blocks had, '' for no key, how many they are, and their energy. */
  #candidate = '';
  #count = 0;
  #energy = 0;
  /** The key that was told and still sounds, its blocks, and their energy. */
  #current = '';
  #soundingBlocks = 0;
  #soundingEnergy = 0;

  /** @param ended told of each key when it has fallen still */
  constructor(ended: (key: ToneKey) => void = () => {}) {
    this.#ended = ended;
  }

  /** The key that sounds, or ''. */
  get sounding(): string {
    return this.#current;
  }

  /** @param length how many of the samples to take @returns the keys whose tones have begun: each once, however long it sounds */
  push(samples: Int16Array, length: number = samples.length): string {
    let keys = '';
    for (let i = 0; i < length; i++) {
      this.#block[this.#filled++] = samples[i]!;
      if (this.#filled < BLOCK) continue;
      this.#filled = 0;
      const energy = energyOf(this.#block);
      keys += this.#step(blockKey(this.#block, energy), energy);
    }
    return keys;
  }

  #step(key: string, energy: number): string {
    if (key === this.#candidate) {
      this.#count++;
      this.#energy += energy;
    } else {
      this.#candidate = key;
      this.#count = 1;
      this.#energy = energy;
    }
    if (key === this.#current) {
      this.#soundingBlocks++;
      this.#soundingEnergy += energy;
      return '';
    }
    if (this.#count < (key === '' ? STILL : SOUNDING)) return '';
    if (this.#current !== '') {
      const samples = this.#soundingBlocks * BLOCK;
      this.#ended({ key: this.#current, duration: samples, power: this.#soundingEnergy / samples });
    }
    this.#current = key;
    this.#soundingBlocks = this.#count;
    this.#soundingEnergy = this.#energy;
    return key;
  }
}

function energyOf(block: Float64Array): number {
  let energy = 0;
  for (let i = 0; i < BLOCK; i++) energy += block[i]! * block[i]!;
  return energy;
}

/** @returns the key that sounds in the block, or '' */
function blockKey(block: Float64Array, energy: number): string {
  if (energy < LEAST_POWER * BLOCK) return '';
  const low = strongest(block, LOW_COEFFICIENTS);
  const high = strongest(block, HIGH_COEFFICIENTS);
  // A pure tone of energy E over N samples has the power E·N/2 in its filter.
  if (low.power + high.power < (LEAST_SHARE * energy * BLOCK) / 2) return '';
  if (low.power > high.power * LOW_TWIST || high.power > low.power * HIGH_TWIST) return '';
  return KEYS[low.index * 4 + high.index]!;
}

/** Indices and plain loops, for this is what listening costs. */
function strongest(block: Float64Array, coefficients: readonly number[]): { index: number; power: number } {
  const best = { index: 0, power: -1 };
  for (let index = 0; index < coefficients.length; index++) {
    const c = coefficients[index]!;
    let before = 0;
    let last = 0;
    for (let i = 0; i < BLOCK; i++) {
      const next = block[i]! + c * last - before;
      before = last;
      last = next;
    }
    const power = last * last + before * before - c * last * before;
    if (power <= best.power) continue;
    best.index = index;
    best.power = power;
  }
  return best;
}

function coefficient(frequency: number): number {
  return 2 * Math.cos((2 * Math.PI * frequency) / TONE_RATE);
}
