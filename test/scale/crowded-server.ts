import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { callControl } from '../../src/ops/admin/control-client.ts';
import { controlPath } from '../../src/ops/admin/control-path.ts';

const ROOT = join(import.meta.dirname, '../..');
const START_LIMIT_MS = 30_000;
const POLL_MS = 100;

/** A server in a process of its own, so that its memory is its own too. */
export class CrowdedServer implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#child = child;
    this.#folder = folder;
    this.port = port;
  }

  /**
   * Starts a server that takes so many connections; it answers when this resolves.
   * @throws Error with its log where it does not
   */
  static async start(connections: number): Promise<CrowdedServer> {
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-scale-'));
    const port = await freePort();
    const configuration = [
      `listen: ["udp:127.0.0.1:${port}", "tcp:127.0.0.1:${port}"]`,
      'domains: [example.com]',
      'data: ./data',
      `limits: { connections: ${connections} }`,
    ];
    writeFileSync(join(folder, 'viaduct.yaml'), configuration.join('\n'));
    const log = openSync(join(folder, 'out'), 'w');
    const words = [process.execPath, join(ROOT, 'bin/viaduct'), '-c', 'viaduct.yaml', '--routes'];
    const command = [...words, join(import.meta.dirname, 'routes.ts')].map((word) => `'${word}'`).join(' ');
    const child = spawn('sh', ['-c', `ulimit -n "$(ulimit -Hn)"; exec ${command}`], {
      cwd: folder,
      stdio: ['ignore', log, log],
    });
    const server = new CrowdedServer(child, folder, port);
    for (let waited = 0; !(await server.#answers()); waited += POLL_MS) {
      if (child.exitCode !== null || waited > START_LIMIT_MS) {
        const said = readFileSync(join(folder, 'out'), 'utf8');
        await server[Symbol.asyncDispose]();
        throw new Error(`the server does not start:\n${said.slice(-4000)}`);
      }
      await wait(POLL_MS);
    }
    return server;
  }

  /** Resident memory in bytes. */
  get memory(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
  }

  /** One counter of `viaduct ctl statistics`. */
  async counter(group: string, name: string): Promise<number> {
    const answer = await callControl(controlPath(join(this.#folder, 'data')), 'statistics', [group]);
    return (answer.ok && (answer.result as Record<string, number>)[name]) || 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = once(this.#child, 'exit');
      // SIGTERM would wait for the transactions of the last calls.
      this.#child.kill('SIGINT');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    try {
      return (await callControl(controlPath(join(this.#folder, 'data')), 'status', [])).ok;
    } catch {
      return false;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
