import { join, relative } from 'node:path';
import { ServerError } from '../../base/errors.ts';

/** What fits into `sockaddr_un`, its closing NUL left out. */
const LONGEST = 107;

/**
 * The path of the control socket in a data directory, in a spelling that is short enough for the system.
 * @throws ServerError CFG_INVALID where none is
 */
export function controlPath(data: string): string {
  const path = join(data, 'control.sock');
  const shortest = [path, relative(process.cwd(), path)].find((it) => Buffer.byteLength(it) <= LONGEST);
  if (shortest !== undefined) return shortest;
  throw new ServerError('CFG_INVALID', `the path of the data directory is too long: ${data}`, {
    hint: 'a socket stands in it, and the system allows its path about 100 characters',
  });
}
