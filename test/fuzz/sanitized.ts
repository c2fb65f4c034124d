import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Mutator } from './mutator.ts';

const SEED = 3261;
const native = fileURLToPath(new URL('../../native', import.meta.url));

/** A program of this folder that is asked about many inputs, built with sanitizers beside a file of `native/`. */
export class Sanitized implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'viaduct-sanitized-'));
  readonly #program = join(this.#folder, 'program');
  /** Why it could not be built; undefined where it was. */
  readonly fault: string | undefined;

  constructor(program: string, file: string) {
    const source = fileURLToPath(new URL(program, import.meta.url));
    const flags = ['-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-I', native];
    const built = spawnSync(
      process.env.CC || 'cc',
      [...flags, '-o', this.#program, source, join(native, file)],
      { encoding: 'utf8' },
    );
    this.fault = built.error ? 'there is no C compiler' : built.status !== 0 ? built.stderr : undefined;
  }

  /** @returns what it says of each; `fault` what the sanitizers say, or '' */
  ask(inputs: readonly Buffer[], ...words: string[]): { answers: number[]; status: unknown; fault: string } {
    const framed = inputs.flatMap((bytes) => {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(bytes.length);
      return [head, bytes];
    });
    const { status, stdout, stderr } = spawnSync(this.#program, words, {
      input: Buffer.concat(framed),
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    return { answers: stdout.trim().split('\n').map(Number), status, fault: stderr };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** So many inputs made of the seeds, the same each time. */
export function mutated(seeds: readonly string[], count: number): Buffer[] {
  const mutator = new Mutator(
    SEED,
    seeds.map((text) => Buffer.from(text, 'latin1')),
  );
  return Array.from({ length: count }, () => Buffer.from(mutator.next()));
}
