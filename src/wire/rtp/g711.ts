/** Payload types of G.711 (RFC 3551 §6). */
export const PCMU = 0;
export const PCMA = 8;

const ULAW_BIAS = 0x84;
const ULAW_CLIP = 32_635;
const ALAW_CLIP = 32_767;

/** 256 samples of 16 bits, by their code. */
export const ULAW_SAMPLES: Int16Array = Int16Array.from({ length: 256 }, (_, code) => expandUlaw(code));
export const ALAW_SAMPLES: Int16Array = Int16Array.from({ length: 256 }, (_, code) => expandAlaw(code));

/** ITU-T G.711 µ-law. @returns one 16-bit sample for each byte */
export function decodeUlaw(codes: Uint8Array): Int16Array {
  return decode(codes, ULAW_SAMPLES);
}

/** ITU-T G.711 A-law. @returns one 16-bit sample for each byte */
export function decodeAlaw(codes: Uint8Array): Int16Array {
  return decode(codes, ALAW_SAMPLES);
}

export function encodeUlaw(samples: Int16Array): Buffer {
  const codes = Buffer.allocUnsafe(samples.length);
  for (let i = 0; i < samples.length; i++) codes[i] = ulawCode(samples[i]!);
  return codes;
}

export function encodeAlaw(samples: Int16Array): Buffer {
  const codes = Buffer.allocUnsafe(samples.length);
  for (let i = 0; i < samples.length; i++) codes[i] = alawCode(samples[i]!);
  return codes;
}

function decode(codes: Uint8Array, table: Int16Array): Int16Array {
  const samples = new Int16Array(codes.length);
  for (let i = 0; i < codes.length; i++) samples[i] = table[codes[i]!]!;
  return samples;
}

function ulawCode(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), ULAW_CLIP) + ULAW_BIAS;
  // The highest bit set, of those from bit 7 up, is the segment.
  const segment = 24 - Math.clz32(magnitude);
  return ~(sign | (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f)) & 0xff;
}

function expandUlaw(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + ULAW_BIAS) << ((bits >> 4) & 7)) - ULAW_BIAS;
  return bits & 0x80 ? -magnitude : magnitude;
}

function alawCode(sample: number): number {
  const sign = sample < 0 ? 0 : 0x80;
  // Negative values are mirrored to ones' complement, so that -1 and 0 stand in mirrored steps.
  const magnitude = Math.min(sample < 0 ? ~sample : sample, ALAW_CLIP);
  const segment = Math.max(0, 24 - Math.clz32(magnitude));
  const step = (magnitude >> (segment === 0 ? 4 : segment + 3)) & 0x0f;
  return (sign | (segment << 4) | step) ^ 0x55;
}

function expandAlaw(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const step = ((bits & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? step : (step + 0x100) << (segment - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}
