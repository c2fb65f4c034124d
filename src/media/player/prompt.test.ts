import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw, PCMA, PCMU } from '../../wire/rtp/g711.ts';
import { wavHeader } from '../../wire/rtp/wav.ts';
import { encodedPrompt, rawPrompt, rawSamples, wavSound } from './prompt.ts';

const samples = fc.int16Array({ minLength: 1, maxLength: 2000 });

function pcm(values: Int16Array): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [i, value] of values.entries()) bytes.writeInt16LE(value, 2 * i);
  return bytes;
}

function wavFile(data: Buffer, encoding: 'pcm16' | 'ulaw' | 'alaw', channels = 1, rate = 8000): Buffer {
  return Buffer.concat([wavHeader({ encoding, channels, rate }, data.length), data]);
}

describe('prompts', () => {
  it('are as long as a WAV file, and sound as G.711 lets it sound', () => {
    fc.assert(
      fc.property(samples, (values) => {
        const sound = wavSound(wavFile(pcm(values), 'pcm16'));
        expect(sound).toEqual({ ok: true, samples: values });
        for (const [type, encode, silence] of [
          [PCMU, encodeUlaw, 0xff],
          [PCMA, encodeAlaw, 0xd5],
        ] as const) {
          const { frames } = encodedPrompt(values, type)!;
          expect(frames.subarray(0, values.length)).toEqual(encode(values));
          expect(frames.length % 8).toBe(0);
          expect(frames.subarray(values.length).every((code) => code === silence)).toBe(true);
        }
      }),
    );
  });

  it('are read of G.711 too, and of two channels mixed into one', () => {
    const codes = Buffer.from([0x00, 0x7f, 0x80, 0xd5]);
    expect(wavSound(wavFile(codes, 'ulaw'))).toEqual({ ok: true, samples: decodeUlaw(codes) });
    expect(wavSound(wavFile(codes, 'alaw'))).toEqual({ ok: true, samples: decodeAlaw(codes) });
    const stereo = wavSound(
      wavFile(pcm(Int16Array.of(100, 300, -32_768, -32_768, 32_767, 32_767)), 'pcm16', 2),
    );
    expect(stereo).toEqual({ ok: true, samples: Int16Array.of(200, -32_768, 32_767) });
  });

  it.each([
    [wavFile(Buffer.alloc(4), 'pcm16', 1, 44_100), '44100 Hz'],
    [wavFile(Buffer.alloc(12), 'pcm16', 3), '3 channels'],
    [Buffer.from('ID3'), 'no WAV file'],
  ])('say what is wrong with a file', (file, reason) => {
    expect(wavSound(file)).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });

  it.each([
    [3, 33 * 5 + 1, 33 * 5],
    [4, 47, 24],
    [9, 17, 16],
    [18, 19, 10],
    [0, 17, 24],
  ])('of payload type %d are whole frames', (payloadType, bytes, kept) => {
    expect(rawPrompt(Buffer.alloc(bytes), payloadType)?.frames.length).toBe(kept);
  });

  it('need a frame, and a payload type that is known', () => {
    expect(rawPrompt(Buffer.alloc(9), 18)).toBeUndefined();
    expect(rawPrompt(Buffer.alloc(0), 0)).toBeUndefined();
    expect(rawPrompt(Buffer.alloc(100), 96)).toBeUndefined();
    expect(rawSamples(Buffer.from('0100ff', 'hex'))).toEqual(Int16Array.of(1));
  });
});
