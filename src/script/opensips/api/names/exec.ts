// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Runs commands of the machine by the shell. */
export interface ExecNames {
  /** Runs a command. It is waited for only where its output is wanted. */
  exec(command: Argument, stdin?: Argument, stdout?: string, stderr?: string, envavp?: string): boolean | Promise<boolean>;
}
