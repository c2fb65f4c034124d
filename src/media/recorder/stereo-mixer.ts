import { LARGEST_SHIFT } from './leg-timeline.ts';

/** Frames that wait for packets that come late: as late as the timeline believes, and as early, in a power of two. */
const RING = 16_384;
const FRAME_BYTES = 4;

export type Channel = 'left' | 'right';

/**
 * Puts two parties beside each other: sound is put where it belongs, in any order, and leaves as 16-bit stereo, the low
 * byte first, when nothing more can come before it. What nobody has put is silence.
 */
export class StereoMixer {
  readonly #ring: Buffer = Buffer.alloc(RING * FRAME_BYTES);
  readonly #out: (frames: Buffer) => void;
  /** Position of the first frame that has not left. */
  #start = 0;
  /** Position behind the last frame that anything was put into. */
  #end = 0;
  readonly #ends = { left: -1, right: -1 };
  /** Samples that came when their time had left. */
  late = 0;

  /** @param out is given whole frames, valid only during the call */
  constructor(out: (frames: Buffer) => void) {
    this.#out = out;
  }

  /** Frames that have left. */
  get written(): number {
    return this.#start;
  }

  /** @param samples of each code @param position of the first one, in frames since the beginning */
  put(channel: Channel, position: number, codes: Uint8Array, samples: Int16Array): void {
    const length = Math.min(codes.length, RING / 2);
    if (position + length > this.#start + RING) this.#leave(position + length - RING);
    const skip = Math.max(0, this.#start - position);
    if (skip > 0) this.late += Math.min(skip, length);
    if (skip >= length) return;
    const side = channel === 'left' ? 0 : 2;
    // Where the timeline has stretched by one sample, the neighbour fills it, for a hole would be heard as a click.
    const stretched = position === this.#ends[channel] + 1 && position > this.#start;
    if (stretched) this.#set(position - 1, side, samples[codes[0]!]!);
    for (let i = skip; i < length; i++) this.#set(position + i, side, samples[codes[i]!]!);
    this.#ends[channel] = position + length;
    this.#end = Math.max(this.#end, position + length);
  }

  /** Lets everything leave that is older than packets may be. @param now the position of the present */
  advance(now: number): void {
    if (now - LARGEST_SHIFT > this.#start) this.#leave(now - LARGEST_SHIFT);
  }

  /** Lets all that was put leave. */
  finish(): void {
    if (this.#end > this.#start) this.#leave(this.#end);
  }

  #set(position: number, side: number, sample: number): void {
    const at = (position & (RING - 1)) * FRAME_BYTES + side;
    this.#ring[at] = sample & 0xff;
    this.#ring[at + 1] = (sample >> 8) & 0xff;
  }

  #leave(until: number): void {
    while (this.#start < until) {
      const first = this.#start & (RING - 1);
      const frames = Math.min(until - this.#start, RING - first);
      const piece = this.#ring.subarray(first * FRAME_BYTES, (first + frames) * FRAME_BYTES);
      this.#out(piece);
      piece.fill(0);
      this.#start += frames;
    }
  }
}
