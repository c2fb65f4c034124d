import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GoldenPorts, goldenDialogues } from './golden.ts';

const BINARY = process.env.RTPPROXY_BIN;
const RECORDINGS = '/tmp/viaduct-golden';

/** Asks a daemon by UDP, and waits for each answer. */
async function daemon(
  options: readonly string[],
): Promise<{ child: ChildProcess; ask(text: string): Promise<string> }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  // Not /dev/null: rtpproxy removes its file when a signal ends it.
  const fixed = ['-f', '-F', '-p', `${RECORDINGS}.pid`, '-d', 'CRIT', '-m', '40000', '-M', '41000'];
  const args = [...fixed, '-s', `udp:127.0.0.1:${port}`, ...options];
  const child = spawn(BINARY!, args, { stdio: 'inherit' });
  const asker = createSocket('udp4').unref();
  let cookie = 0;
  const ask = async (text: string): Promise<string> => {
    const mine = `g${++cookie}`;
    for (let attempt = 0; attempt < 50 && child.exitCode === null; attempt++) {
      asker.send(`${mine} ${text}`, port, '127.0.0.1');
      const answer = await Promise.race([
        once(asker, 'message').then(([bytes]) => String(bytes)),
        new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 100)),
      ]);
      if (answer?.startsWith(`${mine} `)) return answer.slice(mine.length + 1);
    }
    throw new Error(`no answer to ${text}`);
  };
  return { child, ask };
}

describe('rtpproxy itself', () => {
  if (!BINARY) {
    process.stderr.write('comparison with a real rtpproxy skipped: RTPPROXY_BIN is not set\n');
    it.skip('answers as recorded');
    return;
  }
  it.each(goldenDialogues())('answers as recorded, started with $options', async ({ options, exchanges }) => {
    rmSync(RECORDINGS, { recursive: true, force: true });
    mkdirSync(RECORDINGS);
    const { child, ask } = await daemon(options);
    try {
      const ports = new GoldenPorts();
      for (const { line, command, answer } of exchanges) {
        const said = ports.shown(command, await ask(command), answer);
        expect(`${line}: ${command} -> ${said}`).toBe(`${line}: ${command} -> ${answer}`);
      }
    } finally {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      rmSync(RECORDINGS, { recursive: true, force: true });
    }
  });
});
