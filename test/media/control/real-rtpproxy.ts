import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why no real rtpproxy can be asked here; undefined where one can. */
export function missingRtpproxy(): string | undefined {
  const binary = process.env.RTPPROXY_BIN;
  if (binary === undefined) return 'RTPPROXY_BIN does not name an rtpproxy';
  return existsSync(binary) ? undefined : `RTPPROXY_BIN: ${binary} is not there`;
}

/** A real rtpproxy at 127.0.0.1, with ports from 45000 to 49998, that may record into `folder`. */
export class RealRtpproxy implements AsyncDisposable {
  readonly folder: string;
  readonly #process: ChildProcess;

  private constructor(folder: string, process: ChildProcess) {
    this.folder = folder;
    this.#process = process;
  }

  /** @param control what stands behind `-s`. @param options more of its options */
  static async start(control: (folder: string) => string, options: string[] = []): Promise<RealRtpproxy> {
    const folder = await mkdtemp(join(tmpdir(), 'rtpproxy-'));
    const args = ['-f', '-F', '-d', 'INFO', '-s', control(folder), '-l', '127.0.0.1', '-m', '45000', '-M', '49998'];
    const child = spawn(process.env.RTPPROXY_BIN!, [...args, '-r', folder, ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr!.on('data', (chunk: Buffer) => {
        log += chunk.toString('latin1');
        if (log.includes('rtpproxy started')) resolve();
      });
      child.on('error', reject);
      child.on('exit', (code) => reject(new Error(`rtpproxy ended with ${code}: ${log}`)));
    });
    return new RealRtpproxy(folder, child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await ended;
    }
    await rm(this.folder, { recursive: true });
  }
}

/** A UDP port of 127.0.0.1 that was free just now. */
export async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
