import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Diagnostic } from '../ops/config/diagnostic.ts';
import { PACKAGE_ROOT } from '../ops/version.ts';

export type TypeCheck =
  | { readonly kind: 'good' }
  | { readonly kind: 'wrong'; readonly diagnostics: readonly Diagnostic[] }
  /** No compiler was found beside the file or here. */
  | { readonly kind: 'unavailable' };

/** Checks the types of a routes file with the TypeScript compiler of its own project, or this one's. */
export function checkTypes(file: string): TypeCheck {
  const compiler = compilerNear(dirname(file)) ?? compilerNear(PACKAGE_ROOT);
  if (compiler === undefined) return { kind: 'unavailable' };
  const folder = mkdtempSync(join(tmpdir(), 'viaduct-check-'));
  try {
    const project = join(folder, 'tsconfig.json');
    writeFileSync(project, JSON.stringify(projectOf(file)));
    const { status, stdout, stderr, error } = spawnSync(compiler, ['-p', project, '--pretty', 'false'], {
      encoding: 'utf8',
    });
    if (error) return { kind: 'unavailable' };
    return status === 0
      ? { kind: 'good' }
      : { kind: 'wrong', diagnostics: diagnosticsOf(`${stdout}${stderr}`, file) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the compiler says of a handler that forgets to answer. */
const NO_ANSWER = /\b(?:undefined|void)\b.*' is not assignable to type '\w*Handler'/;

/** Reads `file(2,5): error TS2322: …`; lines that only explain the one before are left out. */
function diagnosticsOf(output: string, checked: string): readonly Diagnostic[] {
  const found = [...output.matchAll(/^(.+?)\((\d+),(\d+)\): error (?:TS\d+: )?(.*)$/gm)];
  if (found.length === 0) return [{ file: checked, line: 1, column: 1, message: output.trim() }];
  return found.map(([, file = checked, line, column, message = '']) => {
    const hint = NO_ANSWER.test(message)
      ? { hint: 'a path of it returns no answer: return one on each' }
      : {};
    return { file: resolve(file), line: Number(line), column: Number(column), message, ...hint };
  });
}

function compilerNear(folder: string): string | undefined {
  const compiler = join(folder, 'node_modules', '.bin', 'tsc');
  if (existsSync(compiler)) return compiler;
  const parent = dirname(folder);
  return parent === folder ? undefined : compilerNear(parent);
}

function projectOf(file: string): object {
  return {
    files: [file],
    compilerOptions: {
      noEmit: true,
      strict: true,
      // JavaScript is taken as well, and is checked by its trial alone.
      allowJs: true,
      target: 'esnext',
      module: 'nodenext',
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      paths: {
        viaduct: [typesOf('src/script/api')],
        'viaduct/opensips': [typesOf('src/script/opensips/api')],
        'viaduct/testing': [typesOf('testing')],
      },
      typeRoots: [join(PACKAGE_ROOT, 'node_modules', '@types')],
      types: existsSync(join(PACKAGE_ROOT, 'node_modules', '@types', 'node')) ? ['node'] : [],
    },
  };
}

/** A folder's public types: its sources in a checkout, what was built of them in a package. */
function typesOf(folder: string): string {
  const sources = join(PACKAGE_ROOT, folder, 'index.ts');
  return existsSync(sources) ? sources : join(PACKAGE_ROOT, 'dist', folder, 'index.d.ts');
}
