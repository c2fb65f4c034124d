import { ALAW_SAMPLES, PCMA, PCMU, ULAW_SAMPLES } from '../../wire/rtp/g711.ts';
import { TONE_RATE, ToneDetector, type ToneKey } from '../../wire/rtp/goertzel.ts';
import { payload, payloadType, ssrc, timestamp } from '../../wire/rtp/rtp-header.ts';
import { keyEvent } from '../../wire/rtp/telephone-event.ts';
import type { KeyPress } from './key-press.ts';

/** Samples of the longest piece that is looked at at once. */
const PIECE = 480;
/** Two packets of 20 ms: as much as may be lost within one tone, which goes on behind. */
const SMALL_GAP = 320;
/** Longer than a pause between two keys. */
const STILLNESS = new Int16Array(PIECE);
/** Mean square of a sine of 0 dBm0: 3.17 dB below the largest one of µ-law (ITU-T G.711). */
const REFERENCE_POWER = 32_636 ** 2 / 2 / 10 ** 0.317;

/** Hears keys in the sound of one party, in packets of G.711; others are passed over. */
export class ToneListener {
  readonly #detector: ToneDetector;
  readonly #samples: Int16Array = new Int16Array(PIECE);
  #ssrc: number | undefined;
  #next = 0;

  constructor(tell: (press: KeyPress) => void) {
    this.#detector = new ToneDetector((key) => tell(pressOf(key)));
  }

  /** Whether a key sounds. */
  get pressed(): boolean {
    return this.#detector.sounding !== '';
  }

  /** @param bytes an RTP packet */
  push(bytes: Buffer): void {
    const type = payloadType(bytes);
    const table = type === PCMU ? ULAW_SAMPLES : type === PCMA ? ALAW_SAMPLES : undefined;
    const codes = table && payload(bytes);
    if (!table || !codes || !this.#follows(bytes)) return;
    this.#next = (timestamp(bytes) + codes.length) >>> 0;
    for (let at = 0; at < codes.length; at += PIECE) {
      const length = Math.min(PIECE, codes.length - at);
      for (let i = 0; i < length; i++) this.#samples[i] = table[codes[at + i]!]!;
      this.#detector.push(this.#samples, length);
    }
  }

  /** No packets have come for a while: a key that sounds is taken to be let go. */
  release(): void {
    this.#detector.push(STILLNESS);
  }

  /** @returns false for what comes late or twice */
  #follows(bytes: Buffer): boolean {
    const source = ssrc(bytes);
    const gap = (timestamp(bytes) - this.#next) | 0;
    const known = source === this.#ssrc;
    this.#ssrc = source;
    if (known && gap < 0 && gap > -TONE_RATE) return false;
    if (!known || gap < 0 || gap > SMALL_GAP) this.release();
    return true;
  }
}

function pressOf({ key, duration, power }: ToneKey): KeyPress {
  const volume = Math.round(-10 * Math.log10(power / REFERENCE_POWER));
  return {
    key,
    event: keyEvent(key)!,
    volume: Math.max(0, Math.min(63, volume)),
    duration,
    durationMs: (duration * 1000) / TONE_RATE,
    origin: 'tone',
  };
}
