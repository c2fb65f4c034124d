import { constants } from 'node:fs';
import { access, open, rename } from 'node:fs/promises';

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
  rename(from: string, to: string): Promise<void>;
}

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
/** Calls are nobody else's business. */
const MODE = 0o640;

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
  rename,
};
