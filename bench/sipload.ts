// Runs the load generators; see load/sipload.c, load/registerload.c and load/stream-load.ts.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, buildReason } from './build.ts';

const STREAM_LOAD = fileURLToPath(new URL('load/stream-load.ts', import.meta.url));
/** No run is longer; a generator that hangs must not hang the bench. */
const LONGEST_RUN_MS = 10 * 60_000;

/** One measured stretch of a run; times of the processor in µs, of all processes under test. */
export interface Stretch {
  readonly started: number;
  readonly done: number;
  readonly refused?: number; // for want of time
  readonly late: number; // of which a phone would have sent a message again
  readonly seconds: number;
  readonly cpuUs: number;
  readonly userUs: number;
  readonly systemUs: number;
  readonly latencyMs: number; // INVITE to the 200 of BYE, mean
  readonly p50Ms: number; // through the server: INVITE from caller to callee, or REGISTER to its answer
  readonly p99Ms: number;
}

/** What a whole run came to, the warm-up included. */
export interface RunSummary {
  readonly calls: number;
  readonly lost: number;
  readonly refused: number; // by an answer that is none of success
  readonly repeated?: number; // INVITEs sent again
  readonly broken?: number; // calls that were answered and did not come to their end
  readonly late: number;
  readonly bad: number; // unexpected messages; with `check` also wrongly routed ones
  readonly acks: number;
  readonly rssKb: number;
  readonly pssKb: number;
}

export interface Run {
  readonly stretches: readonly Stretch[];
  readonly summary: RunSummary;
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
  readonly holdMs?: number; // how long a call stands before its BYE
  readonly window?: number; // calls that are open at any time, in place of a rate
  readonly users?: number; // registered first; calls go between them, with digest
  readonly again?: boolean; // sends INVITEs again, and takes refusals for want of time
}

/** A load over connections. */
export interface StreamLoad extends Omit<Load, 'check' | 'tickUs' | 'holdMs' | 'window' | 'users' | 'again'> {
  readonly transport: 'tcp' | 'tls';
  /** The callee's, and the key to it: PEM files. */
  readonly certificate: string;
  readonly key: string;
}

/** Phones that register. */
export interface RegisterLoad
  extends Omit<Load, 'check' | 'tickUs' | 'holdMs' | 'window' | 'users' | 'again'> {
  readonly users: number;
  readonly from: number; // the first user who is new; those before are registered already
  readonly digest: boolean;
}

/** Why the generators cannot run here; undefined where they can. They are built when they are older than their sources. */
export function loadReason(): string | undefined {
  const reason = buildReason();
  if (reason !== undefined) return reason;
  for (const name of ['sipload.c', 'registerload.c']) build(name);
  return undefined;
}

function words(load: Load | StreamLoad | RegisterLoad): string[] {
  const { pids, port, cps, warmSeconds, seconds, runs } = load;
  const options = { pids: pids.join(), port, cps, warm: warmSeconds, secs: seconds, reps: runs };
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

function callWords(load: Load): string[] {
  const { tickUs = 0, holdMs = 0, window = 0, users = 0, check = false, again = false } = load;
  const options = { tick: tickUs, hold: holdMs, window, users };
  return [
    build('sipload.c'),
    ...words(load),
    ...Object.entries(options).flatMap(([name, value]) => (value > 0 ? [`--${name}`, String(value)] : [])),
    ...(check ? ['--check'] : []),
    ...(again ? ['--again'] : []),
  ];
}

/** Drives calls through the proxy on loopback from `core`. @throws Error where the generator fails */
export function runLoad(load: Load, core: number): Promise<Run> {
  return run(callWords(load), core);
}

/** Drives calls over TCP or TLS as {@link runLoad} does by UDP. @throws Error where the generator fails */
export function runStreamLoad(load: StreamLoad, core: number): Promise<Run> {
  const { transport, certificate, key } = load;
  const more = ['--transport', transport, '--certificate', certificate, '--key', key];
  return run([process.execPath, STREAM_LOAD, ...words(load), ...more], core);
}

/** New registrations are the first stretch. @throws Error where the generator fails */
export function runRegisterLoad(load: RegisterLoad, core: number): Promise<Run> {
  const more = ['--users', String(load.users), '--from', String(load.from)];
  return run([build('registerload.c'), ...words(load), ...more, ...(load.digest ? ['--digest'] : [])], core);
}

/** Calls that stand. */
export class OpenCalls implements AsyncDisposable {
  readonly count: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, count: number) {
    this.#child = child;
    this.count = count;
  }

  /** Resolves when so many calls are open, or as many as came. @throws Error where the generator fails */
  static async make(calls: number, load: Load, core: number): Promise<OpenCalls> {
    const all = ['-c', String(core), ...callWords(load), '--open', String(calls)];
    const child = spawn('taskset', all, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout! });
    const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [string | number];
    if (typeof line !== 'string') throw new Error('the load generator ended before the calls were open');
    return new OpenCalls(child, (JSON.parse(line) as { open: number }).open);
  }

  /** The calls stand on: whoever asked is done with the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill();
    await ended;
  }
}

async function run(command: readonly string[], core: number): Promise<Run> {
  const { stdout } = await promisify(execFile)('taskset', ['-c', String(core), ...command], {
    timeout: LONGEST_RUN_MS,
  });
  const lines = stdout.trim().split('\n');
  const stretches = lines.slice(0, -1).map((line): Stretch => JSON.parse(line));
  return { stretches, summary: JSON.parse(lines.at(-1)!) };
}
