import { join } from 'node:path';
import type { RecordingFiles, RecordingHandle } from './recording-files.ts';

/** Recordings of one name that may lie beside each other. */
const MOST_NUMBERS = 1000;

/** Where recordings lie. */
export interface RecordingFolders {
  readonly directory: string;
  /** Where they grow, and from where they are moved when they are complete; on the same file system. */
  readonly spool?: string | undefined;
}

/**
 * Where one file of a recording lies: `NAME.ENDING`, or `NAME-2.ENDING` where that is there already, for nothing that
 * was recorded is ever overwritten.
 */
export class RecordingPlace {
  readonly #files: RecordingFiles;
  readonly #folders: RecordingFolders;
  readonly #name: string;
  readonly #ending: string;
  #file = '';
  #settled = false;

  /** @param name clean (see `cleanName`) @param ending with its dot, or empty */
  constructor(files: RecordingFiles, folders: RecordingFolders, name: string, ending: string) {
    this.#files = files;
    this.#folders = folders;
    this.#name = name;
    this.#ending = ending;
  }

  /** Where the file is now. */
  get path(): string {
    const { directory, spool } = this.#folders;
    return join(this.#settled ? directory : (spool ?? directory), this.#file);
  }

  /** @throws the system's error where the file cannot be made */
  async make(): Promise<RecordingHandle> {
    const { directory, spool = directory } = this.#folders;
    return this.#withFolder(spool, () => this.#makeFree());
  }

  /** Moves the file to its directory. @returns where it is then @throws the system's error; then it stays in the spool */
  async settle(): Promise<string> {
    const { directory, spool } = this.#folders;
    if (spool !== undefined) {
      await this.#withFolder(directory, () => this.#files.rename(this.path, join(directory, this.#file)));
    }
    this.#settled = true;
    return this.path;
  }

  /** The parent has to be there: a disk that is not mounted is no place to write to. */
  async #withFolder<T>(folder: string, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      await this.#files.makeDirectory(folder);
      return await operation();
    }
  }

  async #makeFree(): Promise<RecordingHandle> {
    const { directory, spool } = this.#folders;
    for (let number = 1; number <= MOST_NUMBERS; number++) {
      this.#file = `${this.#name}${number === 1 ? '' : `-${number}`}${this.#ending}`;
      if (spool !== undefined && (await this.#files.exists(join(directory, this.#file)))) continue;
      try {
        return await this.#files.create(this.path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
    throw Object.assign(new Error(`${this.path} is there already, as are all before it`), { code: 'EEXIST' });
  }
}
