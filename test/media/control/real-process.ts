import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A relay of somebody else's as a process, with a folder of its own. */
export class RealProcess implements AsyncDisposable {
  readonly folder: string;
  readonly #process: ChildProcess;

  private constructor(folder: string, process: ChildProcess) {
    this.folder = folder;
    this.#process = process;
  }

  /**
   * @param args of the program, which may name the folder
   * @param sign what it writes once it is ready
   * @throws Error with what it wrote where it ends before
   */
  static async start(
    program: string,
    args: (folder: string) => readonly string[],
    sign: string,
  ): Promise<RealProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'relay-'));
    const child = spawn(program, args(folder), { stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    await new Promise<void>((resolve, reject) => {
      for (const output of [child.stdout, child.stderr]) {
        output.on('data', (chunk: Buffer) => {
          log = (log + chunk.toString('latin1')).slice(-20_000);
          if (log.includes(sign)) resolve();
        });
      }
      child.on('error', reject);
      child.on('exit', (code) => reject(new Error(`${program} ended with ${code}: ${log}`)));
    });
    return new RealProcess(folder, child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await ended;
    }
    await rm(this.folder, { recursive: true });
  }
}
