import { describe, expect, it } from 'vitest';
import { encodeAlaw, encodeUlaw } from '../../wire/rtp/g711.ts';
import { wavHeader } from '../../wire/rtp/wav.ts';
import { makeAnnouncements } from './make-announcement.ts';

const SAMPLES = Int16Array.from({ length: 100 }, (_, i) => 300 * (i - 50));
const RAW = Buffer.from(new Uint8Array(SAMPLES.buffer));

function payloads(input: Buffer, options = {}) {
  const result = makeAnnouncements(input, options);
  if (!result.ok) throw new Error(result.reason);
  return result.made.map(({ payloadType, payload }) => [payloadType, payload]);
}

describe('makeAnnouncements', () => {
  it('makes G.711 of raw samples and of a WAV file', () => {
    const expected = [
      [0, encodeUlaw(SAMPLES)],
      [8, encodeAlaw(SAMPLES)],
    ];
    expect(payloads(RAW)).toEqual(expected);
    const header = wavHeader({ encoding: 'pcm16', channels: 1, rate: 8000 }, RAW.length);
    expect(payloads(Buffer.concat([header, RAW]))).toEqual(expected);
  });

  it('cuts at a limit, or begins again until it is reached', () => {
    expect(payloads(RAW, { limit: 30 })[0]![1]).toEqual(encodeUlaw(SAMPLES.subarray(0, 30)));
    expect(payloads(RAW, { limit: 300 })[0]![1]).toHaveLength(100);
    const looped = payloads(RAW, { limit: 250, loop: true })[1]![1];
    expect(looped).toEqual(
      Buffer.concat([encodeAlaw(SAMPLES), encodeAlaw(SAMPLES), encodeAlaw(SAMPLES).subarray(0, 50)]),
    );
  });

  it('says what is wrong', () => {
    const fast = wavHeader({ encoding: 'pcm16', channels: 1, rate: 44_100 }, 0);
    expect(makeAnnouncements(fast, {})).toEqual({ ok: false, reason: '44100 Hz; telephones need 8000' });
    expect(makeAnnouncements(Buffer.from('RIFF'), {})).toMatchObject({ ok: false });
    expect(makeAnnouncements(Buffer.alloc(0), { limit: 9, loop: true })).toEqual({
      ok: false,
      reason: 'no sound in it',
    });
  });
});
