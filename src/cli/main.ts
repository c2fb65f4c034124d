import { CommanderError } from 'commander';
import { ServerError } from '../base/errors.ts';
import { CommandFault } from '../ops/admin/admin-command.ts';
import { ConfigFault } from './config-options.ts';
import { program } from './program.ts';
import { complain } from './terminal.ts';

/** Wrong use of the command line, as shells have it. */
const USAGE = 2;

/** Runs one command line; sets the exit code, and throws only what is a bug. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = exitCode(error);
  }
}

function exitCode(error: unknown): number {
  // Commander has written its message already; help and version come here too, with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (error instanceof ConfigFault) process.stderr.write(`${error.text}\n`);
  else if (error instanceof ServerError || error instanceof CommandFault) complain(error.message, error.hint);
  else throw error;
  return 1;
}
