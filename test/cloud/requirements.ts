// What the cloud test needs of the machine it runs on.
import { missingProgram, rightsReason } from './sandbox.ts';

/** Why the cloud cannot be built here; undefined where it can. */
export function missingRequirement(programs: readonly string[]): string | undefined {
  const missing = missingProgram(programs);
  return missing === undefined ? rightsReason() : `${missing} is not installed`;
}

/** Leaves a note for the person who reads the log; on CI nothing may be missing. @throws Error on CI */
export function noteSkipped(what: string, reason: string): void {
  if (process.env.CI) throw new Error(`${what} cannot run: ${reason}`);
  process.stderr.write(`${what} skipped: ${reason}\n`);
}
