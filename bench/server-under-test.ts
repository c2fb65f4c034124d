// Starts a server to be measured, pinned to a core, and knows all its processes.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Peer, PORT } from './peers/peer.ts';

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 5000;
const POLL_MS = 100;
const SOCKET = `0100007F:${PORT.toString(16).toUpperCase()} \\S+`;
const DATAGRAMS = new RegExp(`${SOCKET} 07`);
const LISTENING = new RegExp(`${SOCKET} 0A`);

const bound = (): boolean =>
  DATAGRAMS.test(readFileSync('/proc/net/udp', 'latin1')) ||
  LISTENING.test(readFileSync('/proc/net/tcp', 'latin1'));

/** One running server. */
export class ServerUnderTest {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly peer: Peer;

  private constructor(child: ChildProcess, folder: string, peer: Peer) {
    this.#child = child;
    this.#folder = folder;
    this.peer = peer;
  }

  /** Starts `peer` on some cores, as `taskset -c` names them; it listens when this resolves. @throws Error with its log where it does not */
  static async start(peer: Peer, cores: number | string): Promise<ServerUnderTest> {
    if (bound()) throw new Error(`127.0.0.1:${PORT} is in use`);
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-bench-'));
    for (const [name, text] of Object.entries(peer.files)) writeFileSync(join(folder, name), text);
    peer.prepare?.(folder);
    const log = openSync(join(folder, 'log'), 'w');
    const words = ['-c', String(cores), ...peer.command];
    const child = spawn('taskset', words, { cwd: folder, stdio: ['ignore', log, log], detached: true });
    const server = new ServerUnderTest(child, folder, peer);
    for (let waited = 0; !bound(); waited += POLL_MS) {
      if (child.exitCode !== null || waited > START_LIMIT_MS) {
        const said = readFileSync(join(folder, 'log'), 'utf8');
        await server[Symbol.asyncDispose]();
        throw new Error(`${peer.name} does not listen:\n${said.slice(-4000)}`);
      }
      await wait(POLL_MS);
    }
    return server;
  }

  /** All processes of the server: the group that it was started as. */
  pids(): number[] {
    const group = this.#child.pid;
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => groupOf(pid) === group);
  }

  /** Resident memory of all its processes, in KB; pages shared between them count for each. */
  memoryKb(): number {
    const sizes = this.pids().map((pid) => {
      const text = read(`/proc/${pid}/status`);
      return Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1] ?? 0);
    });
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Memory of all its processes, their own and their part of what they share, in KB, without garbage. */
  async keptKb(): Promise<number> {
    await this.#collectGarbage();
    const sizes = this.pids().map((pid) => pssKb(read(`/proc/${pid}/smaps_rollup`)));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Viaduct alone has garbage; see load/collect-garbage.ts. */
  async #collectGarbage(): Promise<void> {
    if (!this.peer.command.includes('--expose-gc')) return;
    const file = join(this.#folder, 'memory.json');
    rmSync(file, { force: true });
    process.kill(this.#child.pid!, 'SIGUSR2');
    for (let waited = 0; waited < STOP_LIMIT_MS; waited += POLL_MS) {
      await wait(POLL_MS);
      if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0) return;
    }
    throw new Error(`${this.peer.name} does not collect its garbage`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { pid } = this.#child;
    if (pid !== undefined) {
      signal(pid, 'SIGTERM');
      for (let waited = 0; this.pids().length > 0 && waited < STOP_LIMIT_MS; waited += POLL_MS)
        await wait(POLL_MS);
      signal(pid, 'SIGKILL');
      for (let waited = 0; bound() && waited < STOP_LIMIT_MS; waited += POLL_MS) await wait(POLL_MS);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Of /proc/PID/smaps_rollup; 0 where the process has ended. */
export function pssKb(text: string): number {
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // the process has ended
  }
}

function groupOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' ? 0 : Number(group);
}

function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch {
    // already gone
  }
}
