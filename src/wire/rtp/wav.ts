/** The header that {@link wavHeader} writes. */
export const WAV_HEADER_BYTES = 44;

const PCM = 1;
const ALAW = 6;
const ULAW = 7;
/** Chunks before the sound that a reader looks through. */
const MOST_CHUNKS = 64;
const MOST_CHANNELS = 8;
const HIGHEST_RATE = 384_000;

export type WavEncoding = 'pcm16' | 'alaw' | 'ulaw';

export interface WavFormat {
  readonly encoding: WavEncoding;
  readonly channels: number;
  /** Samples a second. */
  readonly rate: number;
}

export interface Wav extends WavFormat {
  /** The sound, channels interleaved, 16-bit samples with the low byte first (a view of the file's bytes). */
  readonly data: Buffer;
}

const FORMATS: Readonly<Record<WavEncoding, number>> = { pcm16: PCM, alaw: ALAW, ulaw: ULAW };

/**
 * @param dataBytes of the sound that follows; a file that grows is given its sizes at the end
 * @returns the 44 bytes before the sound (RIFF WAVE, chunks `fmt ` and `data`)
 */
export function wavHeader({ encoding, channels, rate }: WavFormat, dataBytes: number): Buffer {
  const sampleBytes = encoding === 'pcm16' ? 2 : 1;
  // Sizes have 32 bits: what is longer says the most that it can, and players read to the end.
  const size = Math.min(dataBytes, 0xffff_ffff - WAV_HEADER_BYTES);
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(size + WAV_HEADER_BYTES - 8, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(FORMATS[encoding], 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * channels * sampleBytes, 28);
  header.writeUInt16LE(channels * sampleBytes, 32);
  header.writeUInt16LE(8 * sampleBytes, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(size, 40);
  return header;
}

/** @returns undefined for what is no WAV file, or has another encoding, too many channels or no rate of sound */
export function parseWav(bytes: Buffer): Wav | undefined {
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE')
    return undefined;
  let format: WavFormat | undefined;
  for (let at = 12, chunks = 0; at + 8 <= bytes.length && chunks < MOST_CHUNKS; chunks++) {
    const name = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    // Writers that were stopped leave sizes that go past the end.
    const content = bytes.subarray(at + 8, Math.min(bytes.length, at + 8 + size));
    if (name === 'fmt ') format = parseFormat(content);
    else if (name === 'data') return format && { ...format, data: wholeFrames(content, format) };
    at += 8 + size + (size & 1);
  }
  return undefined;
}

function parseFormat(chunk: Buffer): WavFormat | undefined {
  if (chunk.length < 16) return undefined;
  const code = chunk.readUInt16LE(0);
  const channels = chunk.readUInt16LE(2);
  const rate = chunk.readUInt32LE(4);
  const encoding = code === PCM ? 'pcm16' : code === ALAW ? 'alaw' : code === ULAW ? 'ulaw' : undefined;
  if (encoding === undefined || channels === 0 || channels > MOST_CHANNELS) return undefined;
  if (rate === 0 || rate > HIGHEST_RATE) return undefined;
  return chunk.readUInt16LE(14) === (encoding === 'pcm16' ? 16 : 8)
    ? { encoding, channels, rate }
    : undefined;
}

function wholeFrames(data: Buffer, { encoding, channels }: WavFormat): Buffer {
  const frame = channels * (encoding === 'pcm16' ? 2 : 1);
  return data.subarray(0, data.length - (data.length % frame));
}
