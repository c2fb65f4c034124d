import assert from 'node:assert/strict';
import { makeAnnouncements } from '../../../src/media/player/make-announcement.ts';
import { encodedPrompt, rawPrompt, wavSound } from '../../../src/media/player/prompt.ts';
import { wavHeader } from '../../../src/wire/rtp/wav.ts';

export const name = 'prompt';

const SOUND = '\x01\x02\xfe\xff'.repeat(40);
export const seeds: readonly string[] = [
  SOUND,
  wavHeader({ encoding: 'pcm16', channels: 1, rate: 8000 }, SOUND.length).toString('latin1') + SOUND,
  wavHeader({ encoding: 'ulaw', channels: 2, rate: 8000 }, SOUND.length).toString('latin1') + SOUND,
  wavHeader({ encoding: 'alaw', channels: 1, rate: 8000 }, 2 ** 32 - 50).toString('latin1') + SOUND,
];

/** Any file is a prompt of whole frames, or none. */
export function run(input: Buffer): void {
  for (const payloadType of [0, 3, 4, 8, 9, 18, 96]) {
    const prompt = rawPrompt(input, payloadType);
    if (!prompt) continue;
    const { frames, format } = prompt;
    assert.ok(frames.length > 0 && frames.length % format.bytes === 0);
    assert.ok(Math.abs(frames.length - input.length) < format.bytes);
  }
  const sound = wavSound(input);
  if (sound.ok) {
    assert.ok(sound.samples.length <= input.length);
    assert.equal(encodedPrompt(sound.samples, 8) === undefined, sound.samples.length === 0);
  }
  const made = makeAnnouncements(input, { limit: 100, loop: true });
  if (made.ok) for (const { payload } of made.made) assert.equal(payload.length, 100);
}
