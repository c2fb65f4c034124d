import { constants } from 'node:fs';
import { access, mkdir, open, rename } from 'node:fs/promises';

/** A file that is being recorded. */
export interface RecordingHandle {
  /** Writes all of the bytes. @throws the system's error, as ENOSPC, when some of them may be written */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Cuts the file to a length. */
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** The file system, as far as recordings need it. */
export interface RecordingFiles {
  /** Makes a new file. @throws the system's error: EEXIST where there is one, or a link */
  create(path: string): Promise<RecordingHandle>;
  exists(path: string): Promise<boolean>;
  /** Makes a directory, whose parent has to be there, unless it is there already. @throws the system's error */
  makeDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
}

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
/** Calls are nobody else's business. */
const MODE = 0o640;
const DIRECTORY_MODE = 0o750;

export const DISK: RecordingFiles = {
  async create(path) {
    const file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, MODE);
    return {
      async write(bytes, position) {
        // A disk that fills up takes a part first, and says so only when asked for the rest.
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
          done += bytesWritten;
        }
      },
      truncate: (length) => file.truncate(length),
      close: () => file.close(),
    };
  },
  exists: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  async makeDirectory(path) {
    try {
      await mkdir(path, DIRECTORY_MODE);
    } catch (error) {
      // Another recording was faster.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  },
  rename,
};
