import { open } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { PCMA, PCMU } from '../../wire/rtp/g711.ts';
import { encodedPrompt, type Prompt, rawPrompt, wavSound } from './prompt.ts';

/** A file that is longer is no prompt: 16 MB of G.711 are over half an hour. */
const LARGEST_FILE = 16 * 1024 * 1024;

export interface PromptSettings {
  /** Where names begin, and what they cannot leave; undefined: the working directory, and any path, as in rtpproxy. */
  readonly directory?: string | undefined;
  /** Bytes of prompts that are kept for the next time. */
  readonly cacheBytes?: number;
}

export type PromptAnswer =
  | { readonly ok: true; readonly prompt: Prompt }
  /** Why, for the log. */
  | { readonly ok: false; readonly reason: string };

interface Kept {
  /** Of the file when it was read. */
  readonly version: string;
  readonly prompt: Prompt;
}

/** Finds and reads prompts, and keeps those that were played last. */
export class PromptLibrary {
  readonly #directory: string | undefined;
  readonly #cacheBytes: number;
  /** By path and payload type; those used last are at the end. */
  readonly #kept = new Map<string, Kept>();
  #keptBytes = 0;

  constructor({ directory, cacheBytes = 64 * 1024 * 1024 }: PromptSettings = {}) {
    this.#directory = directory === undefined ? undefined : resolve(directory);
    this.#cacheBytes = cacheBytes;
  }

  /**
   * Looks for `NAME.PT`, for each payload type in the order given; then for `NAME.wav`, or NAME where that is a WAV
   * file, if G.711 is among them.
   */
  async find(name: string, payloadTypes: readonly number[]): Promise<PromptAnswer> {
    const path = this.#pathOf(name);
    if (path === undefined) return { ok: false, reason: `${name} leads out of the prompts' directory` };
    let reason = `neither ${name}.PT of the payload types ${payloadTypes.join(',')} nor a WAV file is there`;
    for (const payloadType of payloadTypes) {
      const answer = await this.#read(`${path}.${payloadType}`, payloadType, (bytes) => {
        const prompt = rawPrompt(bytes, payloadType);
        return prompt
          ? { ok: true, prompt }
          : { ok: false, reason: 'not a single frame, or of unknown frames' };
      });
      if (answer?.ok) return answer;
      if (answer) reason = answer.reason;
    }
    const law = payloadTypes.find((type) => type === PCMU || type === PCMA);
    if (law !== PCMU && law !== PCMA) return { ok: false, reason };
    const wav = await this.#read(path.toLowerCase().endsWith('.wav') ? path : `${path}.wav`, law, (bytes) => {
      const sound = wavSound(bytes);
      if (!sound.ok) return sound;
      const prompt = encodedPrompt(sound.samples, law);
      return prompt ? { ok: true, prompt } : { ok: false, reason: 'no sound in it' };
    });
    return wav ?? { ok: false, reason };
  }

  #pathOf(name: string): string | undefined {
    if (name.includes('\0')) return undefined;
    if (this.#directory === undefined) return resolve(name);
    const path = resolve(this.#directory, name);
    return path.startsWith(this.#directory + sep) ? path : undefined;
  }

  /** @returns undefined where there is no such file */
  async #read(
    path: string,
    payloadType: number,
    make: (bytes: Buffer) => PromptAnswer,
  ): Promise<PromptAnswer | undefined> {
    try {
      await using file = await open(path, 'r');
      const { size, mtimeMs, ino } = await file.stat();
      if (size > LARGEST_FILE) return { ok: false, reason: `${path} is longer than ${LARGEST_FILE} bytes` };
      const key = `${path} ${payloadType}`;
      const version = `${ino} ${size} ${mtimeMs}`;
      const kept = this.#kept.get(key);
      if (kept?.version === version) {
        this.#kept.delete(key);
        this.#kept.set(key, kept);
        return { ok: true, prompt: kept.prompt };
      }
      const answer = make(await file.readFile());
      if (!answer.ok) return { ok: false, reason: `${path}: ${answer.reason}` };
      this.#keep(key, { version, prompt: answer.prompt });
      return answer;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : { ok: false, reason: `${path}: ${code}` };
    }
  }

  #keep(key: string, kept: Kept): void {
    this.#forget(key);
    this.#kept.set(key, kept);
    this.#keptBytes += kept.prompt.frames.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#keptBytes <= this.#cacheBytes) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#keptBytes -= this.#kept.get(key)?.prompt.frames.length ?? 0;
    this.#kept.delete(key);
  }
}
