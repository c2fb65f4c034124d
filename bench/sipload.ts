// Builds and runs the load generator; see load/sipload.c.
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCE = fileURLToPath(new URL('load/sipload.c', import.meta.url));
const BUILD = fileURLToPath(new URL('.build', import.meta.url));
const STREAM_LOAD = fileURLToPath(new URL('load/stream-load.ts', import.meta.url));
const BINARY = `${BUILD}/sipload`;

/** One measured stretch of a run; times of the processor in µs, of all processes under test. */
export interface Stretch {
  readonly started: number;
  readonly done: number;
  readonly seconds: number;
  readonly cpuUs: number;
  readonly userUs: number;
  readonly systemUs: number;
  readonly latencyMs: number; // INVITE to the 200 of BYE, mean
}

/** What a whole run came to, the warm-up included. */
export interface RunSummary {
  readonly calls: number;
  readonly lost: number;
  readonly bad: number; // unexpected messages; with `check` also wrongly routed ones
  readonly acks: number;
  readonly rssKb: number;
  readonly pssKb: number;
}

export interface Load {
  readonly pids: readonly number[];
  readonly port: number;
  readonly cps: number;
  readonly warmSeconds: number;
  readonly seconds: number;
  readonly runs: number;
  readonly check?: boolean;
  readonly tickUs?: number; // naps when idle, for long runs; spins without
}

/** A load over connections; see load/stream-load.ts. */
export interface StreamLoad extends Omit<Load, 'check' | 'tickUs'> {
  readonly transport: 'tcp' | 'tls';
  /** The callee's, and the key to it: PEM files. */
  readonly certificate: string;
  readonly key: string;
}

/** Why the generator cannot run here; undefined where it can. It is built when it is older than its source. */
export function loadReason(): string | undefined {
  const fresh = (): boolean => {
    const built = statSync(BINARY, { throwIfNoEntry: false });
    return built !== undefined && built.mtimeMs > statSync(SOURCE).mtimeMs;
  };
  if (fresh()) return undefined;
  if (spawnSync('gcc', ['--version']).status !== 0) return 'gcc is not installed';
  mkdirSync(BUILD, { recursive: true });
  execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-o', BINARY, SOURCE, '-lm'], { stdio: 'inherit' });
  return undefined;
}

/** Drives calls through the proxy on loopback from `core`. @throws Error where the generator fails */
export function runLoad(load: Load, core: number): ReturnType<typeof run> {
  const options = {
    pids: load.pids.join(','),
    port: load.port,
    cps: load.cps,
    warm: load.warmSeconds,
    secs: load.seconds,
    reps: load.runs,
    tick: load.tickUs ?? 0,
  };
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  if (load.check) words.push('--check');
  return run([BINARY, ...words], core);
}

/** Drives calls over TCP or TLS as {@link runLoad} does by UDP. @throws Error where the generator fails */
export function runStreamLoad(load: StreamLoad, core: number): ReturnType<typeof run> {
  const options = {
    transport: load.transport,
    pids: load.pids.join(','),
    port: load.port,
    cps: load.cps,
    warm: load.warmSeconds,
    secs: load.seconds,
    reps: load.runs,
    certificate: load.certificate,
    key: load.key,
  };
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return run([process.execPath, STREAM_LOAD, ...words], core);
}

async function run(
  command: readonly string[],
  core: number,
): Promise<{ stretches: Stretch[]; summary: RunSummary }> {
  const { stdout } = await promisify(execFile)('taskset', ['-c', String(core), ...command]);
  const lines = stdout.trim().split('\n');
  const stretches = lines.slice(0, -1).map((line): Stretch => JSON.parse(line));
  return { stretches, summary: JSON.parse(lines.at(-1)!) };
}
