// Server and load each have a processor core of their own.
import { availableParallelism } from 'node:os';
import { inOwnNetwork } from './own-network.ts';
import { loadReason } from './sipload.ts';

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

/** Runs a bench that starts servers, in a network of its own where that can be; sets the exit code. */
export async function runBench(bench: () => Promise<void>): Promise<void> {
  const code = inOwnNetwork();
  if (code !== undefined) {
    process.exitCode = code;
    return;
  }
  const reason = availableParallelism() < 2 ? 'two processor cores are needed' : loadReason();
  if (reason === undefined) return bench();
  console.error(`The bench cannot run: ${reason}`);
  process.exitCode = 1;
}
