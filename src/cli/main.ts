import { CommanderError } from 'commander';
import { type ErrorCode, ServerError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { CommandFault } from '../ops/admin/admin-command.ts';
import { program } from './program.ts';
import { complain } from './terminal.ts';

const WITH_PLACES: readonly ErrorCode[] = ['CFG_INVALID', 'CFG_ROUTES_INVALID'];

/** Wrong use of the command line, as shells have it. */
const USAGE = 2;

/** Runs one command line; sets the exit code, and throws only what is a bug. */
export async function main(args: readonly string[]): Promise<void> {
  const viaduct = program();
  const [first] = args;
  if (first === 'help') return main([...args.slice(1), '--help']);
  // Else it would be taken for an argument of the default command.
  if (first !== undefined && !first.startsWith('-') && !viaduct.commands.some((it) => it.name() === first)) {
    const names = viaduct.commands.map((it) => it.name());
    const near = nearest(first, names);
    complain(
      `there is no command ${first}`,
      near ? `did you mean ${near}?` : `the commands are ${names.join(', ')}`,
    );
    process.exitCode = USAGE;
    return;
  }
  try {
    await viaduct.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = exitCode(error);
  }
}

function exitCode(error: unknown): number {
  // Commander has written its message already; help and version come here too, with 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (!(error instanceof ServerError || error instanceof CommandFault)) throw error;
  // Faults with places begin with their file, as compilers print them.
  if (error instanceof ServerError && WITH_PLACES.includes(error.code))
    process.stderr.write(`${error.message}\n`);
  else complain(error.message, error.hint);
  return 1;
}
