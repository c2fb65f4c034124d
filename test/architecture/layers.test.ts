import { globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** The floors of ARCHITECTURE.md, lowest first; houses on one floor do not see each other. */
const FLOORS: readonly (readonly string[])[] = [
  ['src/base'],
  ['src/wire'],
  ['src/net'],
  ['src/advertise'],
  ['src/transaction'],
  ['src/core', 'src/media'],
  ['src/script', 'src/store'],
  ['src/ops'],
  ['src'],
  ['src/cli', 'testing'],
];

/** Packages, and the only houses that may import them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  'ipaddr.js': ['src/base'],
  'dns-packet': ['src/net'],
  re2js: ['src/script'],
  sucrase: ['src/script'],
  'mysql2/promise': ['src/script'],
  pg: ['src/script'],
  commander: ['src/cli'],
  pino: ['src/ops'],
  ws: ['src/net'],
  yaml: ['src/ops'],
  zod: ['src/ops'],
};

const CEILING = 500;

/** `import … from`, `export … from`, `import '…'` and `import('…')`; group 1 is `type` where only types come over. */
const IMPORT =
  /^(?:import|export)\s+(type\b)?[^;'"]*?from\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm;

interface Source {
  readonly path: string;
  readonly lines: number;
  /** Paths from the root for relative imports, else the specifier as written. */
  readonly imports: readonly string[];
  /** Of the imports those that are there when it runs. */
  readonly runtimeImports: readonly string[];
}

const sources = globSync(['src/**/*.ts', 'testing/**/*.ts'], { cwd: ROOT })
  .filter((path) => !path.includes('testdata'))
  .sort()
  .map(read);
const shipped = sources.filter(({ path }) => !path.endsWith('.test.ts') && !path.endsWith('.test-d.ts'));

function read(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const found = [...text.matchAll(IMPORT)].map((match) => {
    const specifier = (match[2] ?? match[3] ?? match[4])!;
    const target = specifier.startsWith('.')
      ? relative(ROOT, join(ROOT, dirname(path), specifier))
      : specifier;
    return { target, typeOnly: match[1] === 'type' };
  });
  return {
    path,
    lines: text.split('\n').length - 1,
    imports: found.map(({ target }) => target),
    runtimeImports: found.filter(({ typeOnly }) => !typeOnly).map(({ target }) => target),
  };
}

function houseOf(path: string): string {
  const folder = path
    .split('/')
    .slice(0, path.startsWith('src/') ? 2 : 1)
    .join('/');
  return folder.endsWith('.ts') || folder === 'src/server' ? 'src' : folder;
}

function floorOf(house: string): number {
  return FLOORS.findIndex((houses) => houses.includes(house));
}

const isRelative = (specifier: string) => specifier.startsWith('src/') || specifier.startsWith('testing/');

describe('the house', () => {
  it('has every source on a floor', () => {
    expect(sources.filter(({ path }) => floorOf(houseOf(path)) < 0).map(({ path }) => path)).toEqual([]);
    expect(shipped.length).toBeGreaterThan(20);
  });

  it('imports downwards only, and never from a neighbour', () => {
    const wrong = sources.flatMap(({ path, imports }) =>
      imports.filter(isRelative).flatMap((target) => {
        const from = houseOf(path);
        const to = houseOf(target);
        // Tests of any floor may use the published harness.
        const downwards = floorOf(to) < floorOf(from) || (to === 'testing' && path.endsWith('.test.ts'));
        return from === to || downwards ? [] : [`${path} imports ${target}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('imports files with their extension, that are there', () => {
    const known = new Set(sources.map(({ path }) => path));
    const wrong = sources.flatMap(({ path, imports }) =>
      imports.filter((it) => isRelative(it) && !known.has(it)).map((it) => `${path} imports ${it}`),
    );
    expect(wrong).toEqual([]);
  });

  it('imports packages only where they belong', () => {
    const wrong = shipped.flatMap(({ path, imports }) =>
      imports
        .filter((it) => !isRelative(it) && !it.startsWith('node:'))
        .filter((it) => !PACKAGES[it]?.includes(houseOf(path)))
        .map((it) => `${path} imports ${it}`),
    );
    expect(wrong).toEqual([]);
  });

  it('names built-in modules with node:', () => {
    const wrong = sources.flatMap(({ path, imports }) =>
      imports
        .filter((it) => !it.startsWith('node:') && builtinModules.includes(it))
        .map((it) => `${path} imports ${it}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has no cycles', () => {
    const graph = shipped.map(
      ({ path, runtimeImports }) => [path, runtimeImports.filter(isRelative)] as const,
    );
    expect(cycleIn(new Map(graph))).toEqual([]);
  });

  it(`has no file above ${CEILING} lines`, () => {
    expect(
      shipped.filter(({ lines }) => lines > CEILING).map(({ path, lines }) => `${path}: ${lines}`),
    ).toEqual([]);
  });

  it('has a README in every folder of src', () => {
    const folders = FLOORS.flat().filter((folder) => folder !== 'src');
    const readmes = globSync(['src/*/README.md', 'testing/README.md'], { cwd: ROOT });
    expect(folders.filter((folder) => !readmes.includes(`${folder}/README.md`))).toEqual([]);
  });
});

/** @returns the files of the first cycle found; empty where there is none */
function cycleIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (path: string): string[] => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return [];
    way.push(path);
    for (const next of graph.get(path) ?? []) {
      const cycle = visit(next);
      if (cycle.length > 0) return cycle;
    }
    way.pop();
    done.add(path);
    return [];
  };
  for (const path of graph.keys()) {
    const cycle = visit(path);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
