import { describe, expect, it } from 'vitest';
import { decodeAlaw, decodeUlaw, encodeAlaw, encodeUlaw } from './g711.ts';

const ALL = Uint8Array.from({ length: 256 }, (_, code) => code);
const EVERY_SAMPLE = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);

/** A sine of 1 kHz at 8 kHz, begun half a sample in, as the digital milliwatt is (ITU-T G.711, tables 5 and 6). */
function milliwatt(peak: number): Int16Array {
  return Int16Array.from({ length: 8 }, (_, i) => -peak * Math.sin((2 * Math.PI * (i + 0.5)) / 8));
}

describe('G.711', () => {
  it('codes the digital milliwatt as ITU-T G.711 has it', () => {
    // 0 dBm0 is 3.17 dB below the largest sine of µ-law (8159 of 14 bits), 3.14 below that of A-law (4096 of 13 bits).
    expect(encodeUlaw(milliwatt(4 * 8159 * 10 ** (-3.17 / 20))).toString('hex')).toBe('1e0b0b1e9e8b8b9e');
    expect(encodeAlaw(milliwatt(8 * 4096 * 10 ** (-3.14 / 20))).toString('hex')).toBe(
      '342121 34b4a1a1b4'.replace(' ', ''),
    );
  });

  it('decodes the ends and the middle', () => {
    expect([...decodeUlaw(Uint8Array.of(0x00, 0x80, 0x70, 0x7e, 0x7f, 0xff, 0xfe))]).toEqual([
      -32_124, 32_124, -120, -8, 0, 0, 8,
    ]);
    expect([...decodeAlaw(Uint8Array.of(0x2a, 0xaa, 0x00, 0x80, 0x55, 0xd5))]).toEqual([
      -32_256, 32_256, -5504, 5504, -8, 8,
    ]);
  });

  it('codes every decoded value back; silence of µ-law has one code of two', () => {
    expect([...encodeAlaw(decodeAlaw(ALL))]).toEqual([...ALL]);
    expect([...encodeUlaw(decodeUlaw(ALL))]).toEqual([...ALL].map((code) => (code === 0x7f ? 0xff : code)));
  });

  it.each([
    ['µ-law', (samples: Int16Array) => decodeUlaw(encodeUlaw(samples))],
    ['A-law', (samples: Int16Array) => decodeAlaw(encodeAlaw(samples))],
  ])('keeps every sample near in %s', (_name, there) => {
    const heard = there(EVERY_SAMPLE);
    let last = -40_000;
    for (const [i, sample] of EVERY_SAMPLE.entries()) {
      if (heard[i]! < last || Math.abs(heard[i]! - sample) > 8 + Math.abs(sample) / 30) {
        expect.fail(`${sample} is heard as ${heard[i]}`);
      }
      last = heard[i]!;
    }
  });
});
