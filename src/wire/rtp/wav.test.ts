import { describe, expect, it } from 'vitest';
import { parseWav, WAV_HEADER_BYTES, wavHeader } from './wav.ts';

const SOUND = Buffer.from('0001020304050607', 'hex');

describe('WAV', () => {
  it.each(['pcm16', 'alaw', 'ulaw'] as const)('is read as it was written, in %s', (encoding) => {
    const format = { encoding, channels: 2, rate: 8000 };
    const file = Buffer.concat([wavHeader(format, SOUND.length), SOUND]);
    expect(parseWav(file)).toEqual({ ...format, data: SOUND });
  });

  it('has the header that players expect', () => {
    expect(wavHeader({ encoding: 'pcm16', channels: 2, rate: 8000 }, 8).toString('hex')).toBe(
      `${Buffer.from('RIFF').toString('hex')}2c000000${Buffer.from('WAVEfmt ').toString('hex')}10000000` +
        `01000200401f0000007d000004001000${Buffer.from('data').toString('hex')}08000000`,
    );
  });

  it('is read with other chunks between, and cut where a frame or the file ends', () => {
    const header = wavHeader({ encoding: 'pcm16', channels: 2, rate: 8000 }, 0xffff_ffff_ff);
    const list = Buffer.from('LIST\x03\x00\x00\x00abc\x00', 'latin1');
    const file = Buffer.concat([header.subarray(0, 36), list, header.subarray(36), SOUND.subarray(0, 7)]);
    expect(parseWav(file)?.data).toEqual(SOUND.subarray(0, 4));
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a header alone', wavHeader({ encoding: 'pcm16', channels: 1, rate: 8000 }, 0).subarray(0, 36)],
    ['no channels', wavHeader({ encoding: 'pcm16', channels: 0, rate: 8000 }, 0)],
    ['no rate', wavHeader({ encoding: 'pcm16', channels: 1, rate: 0 }, 0)],
    ['a thousand channels', wavHeader({ encoding: 'pcm16', channels: 1000, rate: 8000 }, 0)],
    ['endless chunks', Buffer.concat([Buffer.from('RIFF0000WAVE'), Buffer.alloc(80_000)])],
    ['another encoding', wavHeader({ encoding: 'pcm16', channels: 1, rate: 1 }, 0).fill(0x55, 20, 21)],
  ])('is not %s', (_name, bytes) => {
    expect(parseWav(bytes)).toBeUndefined();
  });

  it('may be empty', () => {
    expect(WAV_HEADER_BYTES).toBe(44);
    expect(parseWav(wavHeader({ encoding: 'ulaw', channels: 1, rate: 8000 }, 0))?.data.length).toBe(0);
  });
});
