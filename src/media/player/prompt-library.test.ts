import { mkdirSync, mkdtempSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeAlaw } from '../../wire/rtp/g711.ts';
import { wavHeader } from '../../wire/rtp/wav.ts';
import { PromptLibrary, type PromptSettings } from './prompt-library.ts';

function setUp(settings: Omit<PromptSettings, 'directory'> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'viaduct-prompts-'));
  const directory = join(root, 'prompts');
  mkdirSync(join(directory, 'fr'), { recursive: true });
  const put = (name: string, content: Buffer | string) => writeFileSync(join(directory, name), content);
  return { root, directory, put, library: new PromptLibrary({ directory, ...settings }) };
}

function wav(data: Buffer, rate = 8000): Buffer {
  return Buffer.concat([wavHeader({ encoding: 'pcm16', channels: 1, rate }, data.length), data]);
}

describe('PromptLibrary', () => {
  it('finds the first payload type for which there is a file', async () => {
    const { put, library } = setUp();
    put('hello.18', Buffer.alloc(20, 1));
    put('fr/hello.8', Buffer.alloc(80, 2));
    expect(await library.find('hello', [0, 8, 18])).toMatchObject({ ok: true, prompt: { payloadType: 18 } });
    expect(await library.find('fr/hello', [18, 8])).toMatchObject({ ok: true, prompt: { payloadType: 8 } });
    expect(await library.find('hello', [0, 8])).toEqual({
      ok: false,
      reason: 'neither hello.PT of the payload types 0,8 nor a WAV file is there',
    });
  });

  it('makes one of a WAV file where G.711 is taken', async () => {
    const { put, library } = setUp();
    put('wait.wav', wav(Buffer.alloc(160, 0x11)));
    const answer = await library.find('wait', [101, 8, 0]);
    expect(answer).toMatchObject({
      ok: true,
      prompt: { payloadType: 8, frames: encodeAlaw(new Int16Array(80).fill(0x1111)) },
    });
    expect((await library.find('wait.wav', [0])).ok).toBe(true);
    expect((await library.find('wait', [18])).ok).toBe(false);
    put('fast.wav', wav(Buffer.alloc(160), 16_000));
    expect(await library.find('fast', [0])).toMatchObject({
      ok: false,
      reason: expect.stringContaining('16000 Hz'),
    });
  });

  it('reads a file again only when it has changed', async () => {
    const { directory, put, library } = setUp();
    put('a.0', Buffer.alloc(80, 1));
    const first = await library.find('a', [0]);
    expect(await library.find('a', [0])).toEqual(first);
    expect(((await library.find('a', [0])) as { prompt: unknown }).prompt).toBe(
      (first as { prompt: unknown }).prompt,
    );
    put('a.0', Buffer.alloc(80, 2));
    utimesSync(join(directory, 'a.0'), 1, 1);
    expect(await library.find('a', [0])).toMatchObject({ prompt: { frames: Buffer.alloc(80, 2) } });
  });

  it('keeps no more than its room', async () => {
    const { put, library } = setUp({ cacheBytes: 200 });
    for (const name of ['a', 'b', 'c']) put(`${name}.0`, Buffer.alloc(80));
    const of = async (name: string) => ((await library.find(name, [0])) as { prompt: unknown }).prompt;
    const [a, b] = [await of('a'), await of('b')];
    expect(await of('a')).toBe(a);
    await of('c');
    expect(await of('a')).toBe(a);
    expect(await of('b')).not.toBe(b);
  });

  it.each(['../secret', '/etc/secret', 'fr/../../secret', '..', 'x\0y'])(
    'does not leave its directory for %j',
    async (name) => {
      const { root, library } = setUp();
      writeFileSync(join(root, 'secret.0'), Buffer.alloc(80));
      expect(await library.find(name, [0])).toMatchObject({ ok: false });
    },
  );

  it('takes any path where it has no directory, as rtpproxy does', async () => {
    const { directory, put } = setUp();
    put('a.0', Buffer.alloc(80));
    expect((await new PromptLibrary().find(join(directory, 'a'), [0])).ok).toBe(true);
  });

  it('refuses what is too long, empty, a directory, or of unknown frames', async () => {
    const { directory, put, library } = setUp();
    put('long.0', '');
    truncateSync(join(directory, 'long.0'), 17 * 1024 * 1024);
    put('empty.0', '');
    put('odd.96', Buffer.alloc(100));
    mkdirSync(join(directory, 'folder.0'));
    expect(await library.find('long', [0])).toMatchObject({ reason: expect.stringContaining('longer than') });
    expect(await library.find('empty', [0])).toMatchObject({ reason: expect.stringContaining('frame') });
    expect(await library.find('odd', [96])).toMatchObject({ reason: expect.stringContaining('frame') });
    expect(await library.find('folder', [0])).toMatchObject({ reason: expect.stringContaining('EISDIR') });
  });
});
