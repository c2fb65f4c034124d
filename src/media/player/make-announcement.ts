import { encodeAlaw, encodeUlaw, PCMA, PCMU } from '../../wire/rtp/g711.ts';
import { rawSamples, wavSound } from './prompt.ts';

/** The codecs that announcements are made for, with the name that people know. */
const CODECS = [
  { payloadType: PCMU, name: 'PCMU', encode: encodeUlaw },
  { payloadType: PCMA, name: 'PCMA', encode: encodeAlaw },
] as const;

export interface Announcement {
  readonly payloadType: number;
  readonly name: string;
  readonly payload: Buffer;
}

export type Announcements =
  | { readonly ok: true; readonly made: readonly Announcement[]; readonly samples: number }
  | { readonly ok: false; readonly reason: string };

export interface AnnouncementOptions {
  /** Samples of the result at the most. */
  readonly limit?: number | undefined;
  /** Whether to begin again until the limit is reached. */
  readonly loop?: boolean;
}

/** @param input a WAV file at 8 kHz, or raw 16-bit samples at 8 kHz with the low byte first, as rtpproxy's makeann takes */
export function makeAnnouncements(
  input: Buffer,
  { limit, loop = false }: AnnouncementOptions,
): Announcements {
  const sound = input.toString('latin1', 0, 4) === 'RIFF' ? wavSound(input) : raw(input);
  if (!sound.ok) return sound;
  const samples = cutTo(sound.samples, limit, loop);
  if (samples.length === 0) return { ok: false, reason: 'no sound in it' };
  const made = CODECS.map(({ payloadType, name, encode }) => ({
    payloadType,
    name,
    payload: encode(samples),
  }));
  return { ok: true, made, samples: samples.length };
}

function raw(input: Buffer): { ok: true; samples: Int16Array } {
  return { ok: true, samples: rawSamples(input) };
}

function cutTo(samples: Int16Array, limit: number | undefined, loop: boolean): Int16Array {
  if (limit === undefined) return samples;
  if (!loop || samples.length === 0) return samples.subarray(0, limit);
  return Int16Array.from({ length: limit }, (_, i) => samples[i % samples.length]!);
}
