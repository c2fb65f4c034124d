import { readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ServerError } from '../base/errors.ts';
import * as api from './api/index.ts';
import type { Routes } from './api/routes.ts';
import { dryRun } from './dry-run.ts';
import { faultPosition, type Position, type PositionMap } from './fault-position.ts';
import * as opensips from './opensips/api/index.ts';
import type { ScriptDefinition } from './opensips/api/script-definition.ts';
import type { Program } from './program.ts';
import { type CompiledModule, compileModule, type Problem } from './script-module.ts';

export type LoadResult =
  | { readonly ok: true; readonly program: Program }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const API_FILE = fileURLToPath(new URL('./api/index', import.meta.url));
const SUFFIXES = ['', '.ts', '.js', '/index.ts', '/index.js'];
const COMPILED = ['.ts', '.mts', '.js', '.mjs', ''];

/**
 * Loads a routes file and what it imports by relative names, each time afresh, and tries its handlers out; nothing of
 * the server changes.
 * @param file absolute or relative to the working directory
 */
export async function loadRoutes(file: string): Promise<LoadResult> {
  const loading = new Loading();
  const loaded = loading.load(resolve(file));
  if (!loaded.ok) return loaded;
  const problems = await dryRun(loaded.program);
  return problems.length > 0 ? { ok: false, problems } : loaded;
}

export type LoadDefinitionResult =
  | {
      readonly ok: true;
      readonly definition: ScriptDefinition;
      readonly source: string;
      readonly files: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Loads an OpenSIPS script that is written in TypeScript, each time afresh. */
export function loadScriptDefinition(file: string): LoadDefinitionResult {
  return new Loading().loadDefinition(resolve(file));
}

/** Whether a file holds an OpenSIPS script in TypeScript. */
export function isScriptProgram(file: string): boolean {
  return /\.m?[jt]s$/.test(file) && isFile(file) && OPENSIPS.test(readFileSync(file, 'utf8'));
}

const OPENSIPS = /^import [^;]*\bfrom ['"]viaduct\/opensips['"]/m;

/** Stops a load: the problem goes to whoever asked for it. */
class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** One load: its modules by file. */
class Loading {
  readonly #modules = new Map<string, object>();
  readonly #origins = new Map<string, PositionMap>();

  load(file: string): LoadResult {
    try {
      const exports = this.#module(file, undefined) as { readonly default?: unknown };
      const routes = exports.default;
      if (!isRoutes(routes)) throw new Refused(noRoutes(file, routes));
      const origin: PositionMap = (position) => this.#origin(position);
      return { ok: true, program: { routes, files: [...this.#origins.keys()], origin } };
    } catch (error) {
      return { ok: false, problems: [error instanceof Refused ? error.problem : this.#thrown(file, error)] };
    }
  }

  loadDefinition(file: string): LoadDefinitionResult {
    try {
      const { default: definition } = this.#module(file, undefined) as { readonly default?: unknown };
      if (!isDefinition(definition)) throw new Refused(noScript(file));
      const source = readFileSync(file, 'utf8');
      return { ok: true, definition, source, files: [...this.#origins.keys()] };
    } catch (error) {
      return { ok: false, problems: [error instanceof Refused ? error.problem : this.#thrown(file, error)] };
    }
  }

  #module(file: string, importer: Problem | undefined): object {
    const known = this.#modules.get(file);
    if (known) return known;
    const source = read(file, importer);
    const compiled = compileModule(file, source);
    if (!compiled.ok) throw new Refused(compiled.problem);
    this.#origins.set(file, compiled.origin);
    checkNames(file, compiled);
    const exports = {};
    this.#modules.set(file, exports);
    compiled.evaluate(exports, (specifier) => this.#require(file, source, specifier));
    return exports;
  }

  #require(file: string, source: string, specifier: string): unknown {
    if (specifier === 'viaduct') return api;
    if (specifier === 'viaduct/opensips') return opensips;
    if (isBuiltin(specifier)) return process.getBuiltinModule(specifier);
    const missing: Problem = {
      ...placeOf(file, source, specifier),
      message: `cannot find ${JSON.stringify(specifier)}`,
      hint: 'import viaduct, node: modules, packages installed beside the file, or files by relative name',
    };
    if (specifier.startsWith('.') || specifier.startsWith('/')) {
      const path = resolve(dirname(file), specifier);
      if (path.replace(/\.[jt]s$/, '') === API_FILE) return api;
      const found = COMPILED.includes(extname(path))
        ? SUFFIXES.map((suffix) => path + suffix).find(isFile)
        : undefined;
      if (found) return this.#module(found, missing);
    }
    try {
      return createRequire(file)(specifier);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') throw new Refused(missing);
      throw error;
    }
  }

  /** Something that a module threw while it ran. */
  #thrown(file: string, error: unknown): Problem {
    const position = faultPosition(error, this.#origins.keys());
    const place = position ? this.#origin(position) : { file, line: 1, column: 1 };
    const message = error instanceof Error ? error.message : String(error);
    return { ...place, message, ...(error instanceof ServerError ? { hint: error.hint } : {}) };
  }

  #origin(position: Position): Position {
    return this.#origins.get(position.file)?.(position) ?? position;
  }
}

function isFile(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    return false;
  }
}

function read(file: string, importer: Problem | undefined): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : (error as Error).message;
    throw new Refused(importer ?? { file, line: 1, column: 1, message: `the routes file ${why}` });
  }
}

function isRoutes(value: unknown): value is Routes {
  return typeof value === 'object' && value !== null && (value as Routes).kind === 'routes';
}

function isDefinition(value: unknown): value is ScriptDefinition {
  return typeof value === 'object' && value !== null && (value as ScriptDefinition).kind === 'opensips';
}

function noScript(file: string): Problem {
  const message = 'the default export is not made by script()';
  const hint = "write export default script({ … }), with script imported from 'viaduct/opensips'";
  return { file, line: 1, column: 1, message, hint };
}

function noRoutes(file: string, value: unknown): Problem {
  const message =
    value === undefined ? 'nothing is exported as default' : 'the default export is not made by routes()';
  const hint = "write export default routes({ … }), with routes imported from 'viaduct'";
  return { file, line: 1, column: 1, message, hint };
}

/** Where the file imports something; its first mention in quotes. */
function placeOf(file: string, source: string, specifier: string): Position {
  const at = Math.max(source.indexOf(`'${specifier}'`), source.indexOf(`"${specifier}"`), 0);
  const before = source.slice(0, at).split('\n');
  return { file, line: before.length, column: before.at(-1)!.length + 1 };
}

/** Names that viaduct does not have would be undefined until a call comes; they are found in the compiled text. */
function checkNames(file: string, { code, origin }: CompiledModule & { ok: true }): void {
  const lines = code.split('\n');
  for (const [index, line] of lines.entries()) {
    for (const match of line.matchAll(/\b_viaduct\d*\.([\w$]+)/g)) {
      const name = match[1]!;
      if (name in api) continue;
      const place = origin({ file, line: index + 1, column: match.index + 1 });
      const names = Object.keys(api).sort().join(', ');
      throw new Refused({ ...place, message: `viaduct has no ${name}`, hint: `it has ${names}` });
    }
  }
}
