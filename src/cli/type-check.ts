import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PACKAGE_ROOT } from '../ops/version.ts';

export type TypeCheck =
  | { readonly kind: 'good' }
  | { readonly kind: 'wrong'; readonly text: string }
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
    return status === 0 ? { kind: 'good' } : { kind: 'wrong', text: withColons(`${stdout}${stderr}`) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `file(2,5): …`, as the compiler writes, to `file:2:5: …`, as everything else here does. */
function withColons(text: string): string {
  return text.replaceAll(/^(.+?)\((\d+),(\d+)\): /gm, '$1:$2:$3: ');
}

function compilerNear(folder: string): string | undefined {
  const compiler = join(folder, 'node_modules', '.bin', 'tsc');
  if (existsSync(compiler)) return compiler;
  const parent = dirname(folder);
  return parent === folder ? undefined : compilerNear(parent);
}

function projectOf(file: string): object {
  const sources = join(PACKAGE_ROOT, 'src', 'script', 'api', 'index.ts');
  const api = existsSync(sources)
    ? sources
    : join(PACKAGE_ROOT, 'dist', 'src', 'script', 'api', 'index.d.ts');
  return {
    files: [file],
    compilerOptions: {
      noEmit: true,
      strict: true,
      target: 'esnext',
      module: 'nodenext',
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      paths: { viaduct: [api] },
      typeRoots: [join(PACKAGE_ROOT, 'node_modules', '@types')],
      types: existsSync(join(PACKAGE_ROOT, 'node_modules', '@types', 'node')) ? ['node'] : [],
    },
  };
}
