// npm run bench:all: the benches, one after the other, and bench/RESULTS.md of what they found. 25 minutes.
//   --quick                    a third of that, with rougher figures
//   --only calls,register      some of calls, open, register, media, script, messages, and overload and workers, which are
//                              run when asked for. What the others found last stays on the page.
//   --out FILE                 in place of bench/RESULTS.md
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine } from './machine.ts';
import { ROOT } from './peers/peer.ts';
import type { Report } from './report.ts';
import { resultsPage, type Section } from './results-page.ts';

interface Bench {
  readonly script: string; // of package.json
  readonly full: readonly string[];
  readonly quick: readonly string[];
  /** One that takes longer hangs. */
  readonly limitSeconds: number;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  calls: {
    script: 'bench',
    full: ['--rates', '1000,3000', '--seconds', '2', '--warm', '2'],
    quick: ['--quick', '--runs', '1'],
    limitSeconds: 700,
  },
  open: {
    script: 'bench:open',
    full: ['--open', '10,10000', '--runs', '2', '--idle', '5000'],
    quick: ['--quick', '--runs', '1'],
    limitSeconds: 480,
  },
  register: {
    script: 'bench:register',
    full: ['--runs', '2', '--digest-users', '5000'],
    quick: ['--quick', '--runs', '1'],
    limitSeconds: 480,
  },
  media: {
    script: 'bench:media',
    full: ['--calls', '100,500,1000', '--runs', '2', '--seconds', '2', '--warm', '6'],
    quick: ['--calls', '100', '--runs', '1', '--seconds', '2', '--warm', '3'],
    limitSeconds: 480,
  },
  script: {
    script: 'bench:script',
    full: ['--stretches', '20', '--calls', '300'],
    quick: ['--stretches', '6', '--calls', '300', '--warm', '4000'],
    limitSeconds: 120,
  },
  messages: { script: 'bench:parse', full: [], quick: [], limitSeconds: 60 },
  overload: {
    script: 'bench:overload',
    full: ['--times', '1,2'],
    quick: ['--times', '2', '--runs', '1'],
    limitSeconds: 600,
  },
  workers: { script: 'bench:workers', full: [], quick: [], limitSeconds: 480 },
};
const USUAL = ['calls', 'open', 'register', 'media', 'script', 'messages'];
/** What each found last. */
const KEPT = join(ROOT, 'bench', '.build', 'results');

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    out: { type: 'string', default: join(ROOT, 'bench', 'RESULTS.md') },
  },
});

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

/** Runs one, with its output passed on. @returns its report, or why there is none */
async function run(name: string, bench: Bench, folder: string): Promise<Section> {
  const words = values.quick ? bench.quick : bench.full;
  const command = `npm run ${bench.script}${words.length > 0 ? ` -- ${words.join(' ')}` : ''}`;
  const file = join(folder, `${name}.json`);
  const program = scripts[bench.script]!.split(' ').slice(1);
  console.log(`\n# ${command}\n`);
  const where = machine();
  const began = performance.now();
  const child = spawn(process.execPath, [...program, ...words, '--json', file], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: bench.limitSeconds * 1000,
    killSignal: 'SIGKILL',
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  const seconds = Math.round((performance.now() - began) / 1000);
  if (code === 0)
    return { command, seconds, where, report: JSON.parse(readFileSync(file, 'utf8')) as Report };
  const failure = signal === null ? `it ended with ${code}` : `it took longer than ${bench.limitSeconds} s`;
  return { command, seconds, where, failure };
}

const wanted = values.only?.split(',') ?? USUAL;
const unknown = wanted.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(`no such bench: ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`);
  process.exitCode = 2;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'viaduct-bench-'));
  mkdirSync(KEPT, { recursive: true });
  try {
    for (const name of wanted) {
      const section = await run(name, BENCHES[name]!, folder);
      if ('failure' in section) process.exitCode = 1;
      writeFileSync(join(KEPT, `${name}.json`), JSON.stringify(section));
    }
    const kept = Object.keys(BENCHES)
      .map((name) => join(KEPT, `${name}.json`))
      .filter((file) => existsSync(file));
    const sections = kept.map((file): Section => JSON.parse(readFileSync(file, 'utf8')));
    writeFileSync(values.out, resultsPage(sections));
    console.log(`\nwritten: ${values.out}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
