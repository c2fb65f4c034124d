import { dirname } from 'node:path';
import type { RecordingFiles, RecordingHandle } from '../recording-files.ts';

function fault(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** A file system in memory, with so much room, that can be held up. */
export class FakeFiles implements RecordingFiles {
  readonly contents: Map<string, Buffer> = new Map();
  /** Directories that are not there. */
  readonly missing: Set<string> = new Set();
  open = 0;
  /** Bytes that still fit. */
  room: number = Number.POSITIVE_INFINITY;
  #held: (() => void)[] | undefined;
  readonly #renames: Map<string, (to: string) => void> = new Map();

  /** Nothing is written from here on until {@link release}. */
  hold(): void {
    this.#held = [];
  }

  release(): void {
    for (const go of this.#held ?? []) go();
    this.#held = undefined;
  }

  async create(path: string): Promise<RecordingHandle> {
    await this.#turn();
    if (this.missing.has(dirname(path))) throw fault('ENOENT');
    if (this.contents.has(path)) throw fault('EEXIST');
    this.contents.set(path, Buffer.alloc(0));
    this.open++;
    let name = path;
    this.#renames.set(path, (to) => (name = to));
    return {
      write: async (bytes, position) => {
        await this.#turn();
        const before = this.contents.get(name)!;
        const grown = Math.max(0, position + bytes.length - before.length);
        const fits = Math.min(grown, this.room);
        this.room -= fits;
        const after = Buffer.concat([before, Buffer.alloc(fits)]);
        after.set(bytes.subarray(0, after.length - position), position);
        this.contents.set(name, after);
        if (fits < grown) throw fault('ENOSPC');
      },
      truncate: async (length) => {
        this.contents.set(name, this.contents.get(name)!.subarray(0, length));
      },
      close: async () => {
        await this.#turn();
        this.open--;
      },
    };
  }

  async exists(path: string): Promise<boolean> {
    return this.contents.has(path);
  }

  async makeDirectory(path: string): Promise<void> {
    if (this.missing.has(dirname(path))) throw fault('ENOENT');
    this.missing.delete(path);
  }

  async rename(from: string, to: string): Promise<void> {
    if (this.missing.has(dirname(to))) throw fault('ENOENT');
    this.contents.set(to, this.contents.get(from)!);
    this.contents.delete(from);
    this.#renames.get(from)?.(to);
  }

  async #turn(): Promise<void> {
    await new Promise<void>((resolve) => (this.#held ? this.#held.push(resolve) : resolve()));
  }
}
