import { ALAW_SAMPLES, PCMA, PCMU, ULAW_SAMPLES } from '../../wire/rtp/g711.ts';
import { hasMarker, payload, payloadType, ssrc, timestamp } from '../../wire/rtp/rtp-header.ts';
import { WAV_HEADER_BYTES, wavHeader } from '../../wire/rtp/wav.ts';
import { LegTimeline, SOUND_RATE } from './leg-timeline.ts';
import type { RecordedFile, RecordingFile } from './recording-file.ts';
import { type Channel, StereoMixer } from './stereo-mixer.ts';

const SAMPLES_PER_MS = SOUND_RATE / 1000;
const FORMAT = { encoding: 'pcm16', channels: 2, rate: SOUND_RATE } as const;

/** What the file begins with until its length is known. */
export const SOUND_HEADER: Uint8Array = wavHeader(FORMAT, 0);

/** What could not be mixed, because its codec is not G.711: packets by payload type. */
export type Unmixed = ReadonlyMap<number, number>;

/** The sound of a call as stereo WAV: the caller left, the callee right. It begins with the first sound of either. */
export class CallSound {
  readonly #file: RecordingFile;
  readonly #timelines = { left: new LegTimeline(), right: new LegTimeline() };
  readonly #unmixed = new Map<number, number>();
  /** In ms of the clock. */
  #start = 0;
  /** From the first sound on. */
  #mixer: StereoMixer | undefined;

  constructor(file: RecordingFile) {
    this.#file = file;
  }

  get unmixed(): Unmixed {
    return this.#unmixed;
  }

  /** @param now in ms of the clock */
  put(channel: Channel, bytes: Buffer, now: number): void {
    const type = payloadType(bytes);
    const samples = type === PCMU ? ULAW_SAMPLES : type === PCMA ? ALAW_SAMPLES : undefined;
    if (!samples) {
      this.#unmixed.set(type, (this.#unmixed.get(type) ?? 0) + 1);
      return;
    }
    const codes = payload(bytes);
    if (!codes || codes.length === 0) return;
    if (!this.#mixer) {
      this.#start = now;
      this.#mixer = new StereoMixer((frames) => this.#file.append(frames));
    }
    const arrival = Math.round((now - this.#start) * SAMPLES_PER_MS);
    const position = this.#timelines[channel].place(ssrc(bytes), timestamp(bytes), hasMarker(bytes), arrival);
    if (position !== undefined) this.#mixer.put(channel, position, codes, samples);
  }

  /** Lets what is old enough leave for the file. */
  advance(now: number): void {
    this.#mixer?.advance(Math.round((now - this.#start) * SAMPLES_PER_MS));
  }

  async close(): Promise<RecordedFile> {
    this.#mixer?.finish();
    return this.#file.close((bytes) => wavHeader(FORMAT, Math.max(0, bytes - WAV_HEADER_BYTES)));
  }
}
