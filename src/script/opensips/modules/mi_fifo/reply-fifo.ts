import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../../../base/clock.ts';

/** Who asks opens the FIFO for reading about when it asks. */
const TRIES = 5;
const TRY_MS = 80;
/** A reader that does not read is left alone. */
const LONGEST_MS = 5_000;

/**
 * Writes an answer into the FIFO that who asks has made.
 * @returns what went wrong, if anything
 */
export async function writeReply(
  folder: string,
  name: string,
  text: string,
  clock: Clock,
): Promise<string | undefined> {
  // Never out of the folder.
  if (/[./\\\0]/.test(name)) return `the reply FIFO ${JSON.stringify(name)} has no proper name`;
  const path = join(folder, name);
  for (let attempt = 1; ; attempt++) {
    const opened = openFifo(path);
    if (typeof opened === 'number') return write(opened, text, clock);
    if (opened !== 'nobody reads' || attempt === TRIES) return `${path}: ${opened}`;
    await new Promise<void>((resolve) => clock.setTimer(TRY_MS, resolve));
  }
}

function openFifo(path: string): number | string {
  let fd: number;
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    return code === 'ENXIO' ? 'nobody reads' : `cannot be opened (${code})`;
  }
  if (fstatSync(fd).isFIFO()) return fd;
  closeSync(fd);
  return 'is no FIFO';
}

function write(fd: number, text: string, clock: Clock): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = new Socket({ fd, readable: false, writable: true });
  const timer = clock.setTimer(LONGEST_MS, () =>
    socket.destroy(new Error('the answer was not read in time')),
  );
  socket.on('error', (fault) => resolve(fault.message));
  socket.on('close', () => {
    timer.cancel();
    resolve(undefined);
  });
  socket.end(text, 'utf8');
  return promise;
}
