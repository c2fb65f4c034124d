import { readFileSync, writeFileSync } from 'node:fs';
import { makeAnnouncements } from '../media/player/make-announcement.ts';
import { CommandFault } from '../ops/admin/admin-command.ts';
import { print, table } from './terminal.ts';

/** Samples a second. */
const RATE = 8000;

interface MakeannOptions {
  readonly limit?: string;
  readonly loop?: boolean;
}

/** `viaduct makeann INFILE [OUTBASE]`: prompts of G.711 for the relay to play, named as rtpproxy's makeann names them. */
export function makeann(infile: string, outbase: string | undefined, options: MakeannOptions): void {
  const limit = options.limit === undefined ? undefined : Number(options.limit);
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    throw new CommandFault(`-l ${options.limit}: not a number of samples`, `${RATE} samples are a second`);
  }
  if (options.loop && limit === undefined) {
    throw new CommandFault('-L needs a limit', `-L -l ${60 * RATE} goes on for a minute`);
  }
  const result = makeAnnouncements(read(infile), { limit, loop: options.loop === true });
  if (!result.ok) {
    throw new CommandFault(`${infile}: ${result.reason}`, `sox ${infile} -r 8000 -c 1 -b 16 prompt.wav`);
  }
  const rows = result.made.map(({ payloadType, name, payload }) => {
    const path = `${outbase ?? infile}.${payloadType}`;
    write(path, payload);
    return [path, name, `${(result.samples / RATE).toFixed(2)} s`, `${payload.length} bytes`];
  });
  print(table(rows));
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CommandFault(`cannot read ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function write(path: string, content: Buffer): void {
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw new CommandFault(`cannot write ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
