// Builds the programs of load/ into .build/.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const LOAD = fileURLToPath(new URL('load', import.meta.url));
const BUILD = fileURLToPath(new URL('.build', import.meta.url));

/** The words of a compiler for one source. */
export type Compile = (source: string, target: string) => readonly [string, ...string[]];

export const byGcc: Compile = (source, target) => [
  'gcc',
  '-D_GNU_SOURCE',
  '-O2',
  '-Wall',
  '-Wextra',
  '-pthread',
  '-o',
  target,
  source,
  '-lm',
];

export const byClang: Compile = (source, target) => [
  'clang',
  '-O2',
  '-g',
  '-target',
  'bpf',
  '-c',
  '-o',
  target,
  source,
];

/** @returns the program's path, built anew where it is older than its source or a header. @throws Error where the compiler refuses */
export function build(name: string, compile: Compile = byGcc): string {
  const source = `${LOAD}/${name}`;
  const target = `${BUILD}/${name.slice(0, name.lastIndexOf('.'))}`;
  const built = statSync(target, { throwIfNoEntry: false });
  if (built !== undefined && built.mtimeMs > newest(source)) return target;
  mkdirSync(BUILD, { recursive: true });
  const [compiler, ...words] = compile(source, target);
  execFileSync(compiler, words, { stdio: ['ignore', 'inherit', 'inherit'] });
  return target;
}

/** Why programs cannot be built here; undefined where they can. */
export function buildReason(): string | undefined {
  return spawnSync('gcc', ['--version']).status === 0 ? undefined : 'gcc is not installed';
}

function newest(source: string): number {
  const headers = readdirSync(LOAD).filter((name) => name.endsWith('.h'));
  return Math.max(
    ...[source, ...headers.map((name) => `${LOAD}/${name}`)].map((path) => statSync(path).mtimeMs),
  );
}
