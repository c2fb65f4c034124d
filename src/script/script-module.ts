import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction, constants } from 'node:vm';
import { transform } from 'sucrase';
import type { Position, PositionMap } from './fault-position.ts';

/** What is wrong with a routes file; the place counts from 1. */
export interface Problem extends Position {
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
  /** The line itself, where the file does not hold it as it was read. */
  readonly text?: string | undefined;
}

export type Require = (specifier: string) => unknown;

export type CompiledModule =
  | {
      readonly ok: true;
      /** Runs the module's text once; what it exports stands in `exports`. */
      readonly evaluate: (exports: object, require: Require) => void;
      readonly origin: PositionMap;
      /** The JavaScript that runs. */
      readonly code: string;
    }
  | { readonly ok: false; readonly problem: Problem };

/** Where sucrase found something that is no TypeScript. */
interface SucraseError extends Error {
  readonly loc?: { readonly line: number; readonly column: number };
}

/** Compiles one file of TypeScript or JavaScript; types are taken out, not checked. */
export function compileModule(file: string, source: string): CompiledModule {
  let code: string;
  let map: SourceMap;
  try {
    const compiled = transform(source, {
      transforms: ['typescript', 'imports'],
      filePath: file,
      sourceMapOptions: { compiledFilename: file },
      disableESTransforms: true,
      preserveDynamicImport: true,
    });
    code = compiled.code.replaceAll('import.meta', 'import_meta');
    map = new SourceMap(compiled.sourceMap as unknown as SourceMapPayload);
  } catch (error) {
    return { ok: false, problem: syntaxProblem(file, error as SucraseError) };
  }
  const origin: PositionMap = (position) => {
    const found = map.findOrigin(position.line, position.column);
    return 'lineNumber' in found
      ? { file, line: found.lineNumber, column: found.columnNumber }
      : { ...position, file };
  };
  try {
    const run = compileFunction(code, ['exports', 'require', 'import_meta'], {
      filename: file,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    const meta = { url: pathToFileURL(file).href, filename: file, dirname: dirname(file) };
    return { ok: true, evaluate: (exports, require) => run(exports, require, meta), origin, code };
  } catch (error) {
    const place = origin(compileErrorPlace(file, error as Error));
    return {
      ok: false,
      problem: { ...place, message: (error as Error).message, hint: hintFor(error as Error) },
    };
  }
}

function syntaxProblem(file: string, error: SucraseError): Problem {
  const message = error.message.replace(/^Error transforming [^:]*: /, '').replace(/ \(\d+:\d+\)$/, '');
  return { file, line: error.loc?.line ?? 1, column: error.loc?.column ?? 1, message };
}

/** V8 begins the stack of a syntax error with `FILE:LINE`, the line itself, and a line with a caret under the place. */
function compileErrorPlace(file: string, error: Error): Position {
  const [head = '', , carets = ''] = (error.stack ?? '').split('\n');
  const line = Number(head.slice(head.lastIndexOf(':') + 1));
  return { file, line: line > 0 ? line : 1, column: Math.max(0, carets.indexOf('^')) + 1 };
}

function hintFor(error: Error): string | undefined {
  return error.message.includes('await is only valid')
    ? 'a routes file is loaded without waiting: await inside a handler instead of at the top'
    : undefined;
}
