import { type FrameFormat, frameFormat } from '../../wire/rtp/frame-format.ts';
import { decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw, type PCMA, PCMU } from '../../wire/rtp/g711.ts';
import { parseWav, type Wav } from '../../wire/rtp/wav.ts';

/** Sound ready to be sent: payload after payload, as rtpproxy's `makeann` writes it. */
export interface Prompt {
  readonly payloadType: number;
  readonly format: FrameFormat;
  /** Whole frames, at least one. */
  readonly frames: Buffer;
}

const RATE = 8000;

export type WavSound =
  | { readonly ok: true; readonly samples: Int16Array }
  | { readonly ok: false; readonly reason: string };

/** @returns a prompt of a file's bytes; undefined where not one frame is in it, or nothing is known of its payload type */
export function rawPrompt(bytes: Buffer, payloadType: number): Prompt | undefined {
  const format = frameFormat(payloadType);
  if (!format) return undefined;
  // Sound that can be cut anywhere is filled up with silence, for a click at the end would be heard; else it is cut.
  const rest = bytes.length % format.bytes;
  const fill = rest > 0 && format.silence !== undefined ? format.bytes - rest : -rest;
  const frames =
    fill > 0
      ? Buffer.concat([bytes, Buffer.alloc(fill, format.silence)])
      : bytes.subarray(0, bytes.length + fill);
  return frames.length > 0 ? { payloadType, format, frames } : undefined;
}

/** @param payloadType of G.711 */
export function encodedPrompt(
  samples: Int16Array,
  payloadType: typeof PCMU | typeof PCMA,
): Prompt | undefined {
  return rawPrompt(payloadType === PCMU ? encodeUlaw(samples) : encodeAlaw(samples), payloadType);
}

/** @returns the sound of a WAV file of one or two channels at 8 kHz, mixed into one */
export function wavSound(bytes: Buffer): WavSound {
  const wav = parseWav(bytes);
  if (!wav) return { ok: false, reason: 'no WAV file of 16-bit PCM or G.711' };
  if (wav.rate !== RATE) return { ok: false, reason: `${wav.rate} Hz; telephones need ${RATE}` };
  if (wav.channels > 2) return { ok: false, reason: `${wav.channels} channels; one or two are read` };
  const samples = samplesOf(wav);
  if (wav.channels === 1) return { ok: true, samples };
  return {
    ok: true,
    samples: Int16Array.from({ length: samples.length / 2 }, (_, i) =>
      Math.round((samples[2 * i]! + samples[2 * i + 1]!) / 2),
    ),
  };
}

/** @returns raw samples of 16 bits, the low byte first; an odd byte at the end is none */
export function rawSamples(bytes: Buffer): Int16Array {
  return Int16Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(2 * i));
}

function samplesOf({ encoding, data }: Wav): Int16Array {
  if (encoding === 'ulaw') return decodeUlaw(data);
  return encoding === 'alaw' ? decodeAlaw(data) : rawSamples(data);
}
