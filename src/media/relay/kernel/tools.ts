import { execFile, spawnSync } from 'node:child_process';

/** More than the counters of as many flows as there are ports. */
const MOST_OUTPUT = 32 * 1024 * 1024;
const LONGEST_MS = 10_000;
/** Not everybody has the system's own programs among his. */
const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

export interface Output {
  /** Whether all that was asked was done. */
  readonly ok: boolean;
  readonly text: string;
  /** The first line of what it complained about; empty where all is well. */
  readonly error: string;
}

/** The programs that command the kernel's packet filter and know its routes. */
export interface KernelTools {
  /** @param input for its standard input */
  run(program: 'nft' | 'ip', words: readonly string[], input?: string): Promise<Output>;
  /** Where nothing can be waited for any more: at the end of the process. */
  runNow(program: 'nft', words: readonly string[]): void;
}

export const systemTools: KernelTools = {
  run(program, words, input = '') {
    const options = {
      encoding: 'utf8',
      timeout: LONGEST_MS,
      maxBuffer: MOST_OUTPUT,
      env: { ...process.env, PATH },
    } as const;
    return new Promise((resolve) => {
      const child = execFile(program, words, options, (fault, text, said) => {
        const error = fault === null ? '' : said.trim().split('\n', 1)[0] || fault.message;
        resolve({ ok: fault === null, text, error });
      });
      // A program that ends early does not read to the end.
      child.stdin?.on('error', () => {});
      child.stdin?.end(input);
    });
  },

  runNow(program, words) {
    spawnSync(program, words, { stdio: 'ignore', timeout: LONGEST_MS, env: { ...process.env, PATH } });
  },
};
