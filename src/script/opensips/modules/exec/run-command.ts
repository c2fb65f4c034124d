import { spawn } from 'node:child_process';

export interface CommandWishes {
  /** Written to its standard input, as bytes. */
  readonly input: Buffer | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** In ms; undefined: as long as it takes. */
  readonly longestMs: number | undefined;
  /** Whether anybody wants to read what it prints. */
  readonly wantsOutput: boolean;
}

export interface CommandResult {
  /** What it has printed, as byte strings, cut to {@link MOST_OUTPUT}. */
  readonly output: string;
  readonly errors: string;
  /** 128 and the signal's number where one ended it, -1 where it could not be started. */
  readonly code: number;
}

/** In bytes, of each stream: what is more is read and thrown away. */
export const MOST_OUTPUT: number = 1 << 20;

/** A script must not fill the machine with processes. */
export const MOST_RUNNING = 256;
let running = 0;

/** Runs a command by the shell. @returns undefined where too many run already */
export function runCommand(command: string, wishes: CommandWishes): Promise<CommandResult> | undefined {
  if (running >= MOST_RUNNING) return undefined;
  running++;
  return new Promise((resolve) => {
    const { input, environment, longestMs, wantsOutput } = wishes;
    const out = wantsOutput ? 'pipe' : 'ignore';
    const child = spawn('/bin/sh', ['-c', command], {
      env: { ...process.env, ...environment },
      stdio: [input === undefined ? 'ignore' : 'pipe', out, out],
      ...(longestMs === undefined ? {} : { timeout: longestMs }),
    });
    const [output, errors] = [collect(child.stdout), collect(child.stderr)];
    let ended = false;
    const end = (code: number): void => {
      if (ended) return;
      ended = true;
      running--;
      resolve({ output: output(), errors: errors(), code });
    };
    child.on('error', () => end(-1));
    child.on('close', (code, signal) => end(code ?? (signal === null ? -1 : 128)));
    // A command that reads nothing closes its end.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream?.on('data', (chunk: Buffer) => {
    const room = MOST_OUTPUT - length;
    if (room <= 0) return;
    chunks.push(chunk.subarray(0, room));
    length += Math.min(room, chunk.length);
  });
  return () => Buffer.concat(chunks).toString('latin1');
}
