import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { Problem } from '../../script-module.ts';
import { SourceText } from './source-text.ts';

export type ReadResult =
  | { readonly ok: true; readonly source: SourceText }
  | { readonly ok: false; readonly problem: Problem };

export interface ReadOptions {
  /** A command that the whole text passes through, as `m4`; it is run by the shell. */
  readonly preprocessor?: string | undefined;
  readonly workingDirectory: string;
}

const INCLUDE = /^[ \t]*(include_file|import_file)[ \t]*(["'])(.+?)\2[ \t]*;?[ \t]*(?:#.*)?$/;
const DEEPEST = 50;
const PREPROCESSOR_MS = 30_000;
const LARGEST = 64 * 1024 * 1024;
/** Lines of their own that tell a preprocessor's output apart, file by file. */
const BEGIN = '__VIADUCT_FILE__';
const MARK = /^__VIADUCT_FILE__ "(.*)" (\d+)$/;

/** Stops reading: the problem goes to whoever asked. */
class Unreadable extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/**
 * Reads a script with the files that it includes, and passes it through the preprocessor where there is one. Names are
 * relative to the working directory, or else to the including file.
 */
export function readScript(file: string, options: ReadOptions): ReadResult {
  try {
    const path = resolve(options.workingDirectory, file);
    const pieces = new Flattener(options.workingDirectory).pieces(path, undefined);
    const { preprocessor } = options;
    return {
      ok: true,
      source: preprocessor === undefined ? joined(pieces) : preprocessed(pieces, preprocessor, path),
    };
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, problem: error.problem };
    throw error;
  }
}

/** Lines of one file that follow each other. */
interface Piece {
  readonly file: string;
  /** Of its first line, from 1. */
  readonly line: number;
  readonly text: string;
}

class Flattener {
  readonly #workingDirectory: string;
  readonly #open: string[] = [];

  constructor(workingDirectory: string) {
    this.#workingDirectory = workingDirectory;
  }

  pieces(file: string, includedAt: Problem | undefined): readonly Piece[] {
    if (this.#open.length >= DEEPEST || this.#open.includes(file)) {
      throw new Unreadable({
        ...(includedAt ?? placeIn(file, 1)),
        message: `${file} includes itself`,
      });
    }
    this.#open.push(file);
    const lines = read(file, includedAt).split('\n');
    const pieces: Piece[] = [];
    let from = 0;
    for (const [i, line] of lines.entries()) {
      const match = INCLUDE.exec(line);
      if (!match) continue;
      if (i > from) pieces.push({ file, line: from + 1, text: `${lines.slice(from, i).join('\n')}\n` });
      from = i + 1;
      const place = placeIn(file, i + 1, line.indexOf(match[2]!) + 1);
      const path = this.#find(match[3]!, file);
      if (path !== undefined) pieces.push(...this.pieces(path, place));
      else if (match[1] === 'include_file') {
        throw new Unreadable({
          ...place,
          message: `${match[3]} is not there`,
          hint: 'import_file takes a file that may be missing',
        });
      }
    }
    pieces.push({ file, line: from + 1, text: `${lines.slice(from).join('\n')}\n` });
    this.#open.pop();
    return pieces;
  }

  #find(name: string, from: string): string | undefined {
    if (isAbsolute(name)) return existsSync(name) ? name : undefined;
    return [resolve(this.#workingDirectory, name), resolve(dirname(from), name)].find(existsSync);
  }
}

function read(file: string, includedAt: Problem | undefined): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Unreadable({
      ...(includedAt ?? placeIn(file, 1)),
      message: missing ? `${file} is not there` : `${file} cannot be read: ${(error as Error).message}`,
    });
  }
}

function placeIn(file: string, line: number, column = 1): Problem {
  return { file, line, column, message: '' };
}

function joined(pieces: readonly Piece[]): SourceText {
  let text = '';
  const stretches = pieces.map(({ file, line, text: piece }) => {
    const stretch = { start: text.length, file, line };
    text += piece;
    return stretch;
  });
  return new SourceText(text, stretches);
}

/** Lines of the output are those of the file only where the preprocessor keeps them; the faults show the lines themselves. */
function preprocessed(pieces: readonly Piece[], command: string, file: string): SourceText {
  const input = pieces.map(({ file: name, line, text }) => `${BEGIN} "${name}" ${line}\n${text}`).join('');
  const { status, stdout, stderr, error, signal } = spawnSync('/bin/sh', ['-c', command], {
    input: Buffer.from(input, 'latin1'),
    maxBuffer: LARGEST,
    timeout: PREPROCESSOR_MS,
  });
  // A command that ends before it has read everything breaks the pipe; how it ended says whether that was meant.
  const fault = (error as NodeJS.ErrnoException | undefined)?.code === 'EPIPE' ? undefined : error;
  if (fault || status !== 0) {
    const told = stderr?.toString().trim() || fault?.message;
    const why = told ?? `it ended with ${signal ?? status}`;
    throw new Unreadable({ ...placeIn(file, 1), message: `the preprocessor "${command}" failed: ${why}` });
  }
  const output: Piece[] = [];
  let current = { file, line: 1 };
  let lines: string[] = [];
  const finish = () => {
    if (lines.length > 0) output.push({ ...current, text: `${lines.join('\n')}\n` });
    lines = [];
  };
  for (const line of stdout.toString('latin1').split('\n')) {
    const mark = MARK.exec(line);
    if (mark) {
      finish();
      current = { file: mark[1]!, line: Number(mark[2]) };
    } else lines.push(line);
  }
  finish();
  return joined(output);
}
