import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from 'dns-packet';

const LONGEST_START_MS = 20_000;

/** NSD, a name server of Debian's, with zones of its own on a port of loopback. */
export class Nsd implements AsyncDisposable {
  readonly address: string;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(address: string, child: ChildProcess, folder: string) {
    this.address = address;
    this.#process = child;
    this.#folder = folder;
  }

  /** @param zones zone files (RFC 1035 §5) by origin */
  static async start(zones: Readonly<Record<string, string>>): Promise<Nsd> {
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-nsd-'));
    const port = await freePort();
    const config = writeNsdFiles(folder, `127.0.0.1@${port}`, zones);
    const child = spawn('nsd', ['-d', '-c', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    });
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const nsd = new Nsd(`127.0.0.1:${port}`, child, folder);
    const end = performance.now() + LONGEST_START_MS;
    while (!(await answers(port, Object.keys(zones)[0]!))) {
      if (child.exitCode !== null || performance.now() > end) {
        await nsd[Symbol.asyncDispose]();
        throw new Error(`nsd did not start:\n${said}`);
      }
    }
    return nsd;
  }

  /** Lets it answer no more, without telling anybody: its sockets stay open. */
  freeze(): void {
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  /** Ends it. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.thaw();
    this.#process.kill('SIGTERM');
    await once(this.#process, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** To the process and the children that answer for it. */
  #signal(signal: NodeJS.Signals): void {
    const pids = [this.#process.pid!];
    for (const pid of pids) pids.push(...childrenOf(pid));
    for (const pid of pids) process.kill(pid, signal);
  }
}

/**
 * Writes zones and a configuration into `folder`.
 * @param listen ADDRESS@PORT
 * @param zones zone files (RFC 1035 §5) by origin
 * @returns the configuration's path, for `nsd -d -c`
 */
export function writeNsdFiles(
  folder: string,
  listen: string,
  zones: Readonly<Record<string, string>>,
): string {
  const lines = [
    'server:',
    `  ip-address: ${listen}`,
    '  server-count: 1',
    '  username: ""',
    '  database: ""',
    `  zonesdir: "${folder}"`,
    ...['pidfile', 'xfrdfile', 'zonelistfile'].map((key) => `  ${key}: "${join(folder, key)}"`),
    `  xfrdir: "${folder}"`,
    'remote-control:',
    '  control-enable: no',
  ];
  for (const [origin, text] of Object.entries(zones)) {
    writeFileSync(join(folder, origin), text);
    lines.push('zone:', `  name: "${origin}"`, `  zonefile: "${origin}"`);
  }
  const config = join(folder, 'nsd.conf');
  writeFileSync(config, `${lines.join('\n')}\n`);
  return config;
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

/** Whether somebody answers there with the SOA of the zone, within a short while. */
async function answers(port: number, zone: string): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    return await new Promise<boolean>((resolve) => {
      setTimeout(() => resolve(false), 100);
      socket.on('error', () => {});
      socket.on('message', (bytes) => resolve((decode(bytes).answers ?? []).length > 0));
      socket.send(
        encode({ type: 'query', id: 1, questions: [{ type: 'SOA', name: zone }] }),
        port,
        '127.0.0.1',
      );
    });
  } finally {
    socket.close();
  }
}
