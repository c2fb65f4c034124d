// `viaduct relay` as a process of its own, with a way to ask it.
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';

const VIADUCT = join(import.meta.dirname, '../../bin/viaduct');

export interface RelayProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What it has printed when it was up. */
  readonly banner: string;
  /** Where it takes commands by UDP, on 127.0.0.1. */
  readonly port: number;
  /** Asks by UDP. */
  ask(command: string): Promise<string>;
}

/** @param args but for one `-s` and `-l`, which are given: UDP on a free port, media on 127.0.0.1 */
export async function startRelayProcess(...args: string[]): Promise<RelayProcess> {
  const command = [VIADUCT, 'relay', '-s', 'udp:127.0.0.1:0', '-l', '127.0.0.1', ...args];
  const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'pipe'] });
  let banner = '';
  child.stdout.setEncoding('utf8');
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    banner += chunk;
    if (banner.includes('Ctrl-C')) break;
  }
  child.stderr.resume();
  const port = Number(/udp:127\.0\.0\.1:(\d+)/.exec(banner)?.[1]);
  const socket = createSocket('udp4');
  let cookie = 0;
  return {
    child,
    banner,
    port,
    ask: async (text) => {
      socket.send(`${++cookie} ${text}`, port, '127.0.0.1');
      const [bytes] = await once(socket, 'message');
      return String(bytes).trimEnd().replace(/^\d+ /, '');
    },
    [Symbol.asyncDispose]: async () => {
      socket.close();
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}
