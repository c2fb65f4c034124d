import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';

const VIADUCT = join(import.meta.dirname, '../../bin/viaduct');
const MODULES = ['signaling', 'sl', 'tm', 'rr', 'maxfwd'].map((name) => `loadmodule "${name}.so"\n`).join('');

function start(script: string, ...args: string[]): ChildProcess {
  const cwd = mkdtempSync(join(tmpdir(), 'viaduct-script-'));
  writeFileSync(join(cwd, 'opensips.cfg'), script);
  return spawn(process.execPath, [VIADUCT, '-f', 'opensips.cfg', ...args], { cwd });
}

async function outcome(child: ChildProcess) {
  const [out, err] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  if (child.exitCode === null) await once(child, 'exit');
  return { code: child.exitCode, out, err };
}

/** The port of the first listener, when the server is up. */
async function portOf(child: ChildProcess): Promise<number> {
  let shown = '';
  child.stdout!.setEncoding('utf8');
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
    shown += chunk;
    const port = /udp:127\.0\.0\.1:(\d+)/.exec(shown)?.[1];
    if (port !== undefined && shown.includes('Ctrl-C')) return Number(port);
  }
  throw new Error(`it did not start: ${shown}`);
}

function request(method: string, port: number, own: number): string {
  return [
    `${method} sip:bob@127.0.0.1:${port} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${own};branch=z9hG4bK-${method}`,
    'From: <sip:alice@example.com>;tag=1',
    `To: <sip:bob@127.0.0.1:${port}>`,
    `Call-ID: ${method}`,
    `CSeq: 1 ${method}`,
    'Max-Forwards: 70',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}

async function ask(socket: Socket, method: string, port: number): Promise<string> {
  const answer = once(socket, 'message');
  socket.send(request(method, port, socket.address().port), port, '127.0.0.1');
  return String((await answer)[0]);
}

describe('viaduct -f opensips.cfg', () => {
  it('runs the script', async () => {
    const child = start(
      `${MODULES}
      route {
        if (is_myself($rd, $rp)) { sl_send_reply(200, "Hello $fU"); exit; }
        sl_send_reply(404, "Who");
      }`,
      '-l',
      'udp:127.0.0.1:0',
    );
    const port = await portOf(child);
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    expect(await ask(socket, 'OPTIONS', port)).toMatch(/^SIP\/2\.0 200 Hello alice\r\n/);
    socket.close();
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(child.exitCode).toBe(0);
  });

  it('only checks it with -C, and shows what is wrong where it stands', async () => {
    const { code, err } = await outcome(start(`${MODULES}route {\n  sl_send_repyl(200, "OK");\n}\n`, '-C'));
    expect(code).toBe(1);
    expect(err.slice(err.indexOf('opensips.cfg'))).toBe(
      [
        'opensips.cfg:7:3: there is no function sl_send_repyl',
        '  7 |   sl_send_repyl(200, "OK");',
        '    |   ^',
        '  hint: did you mean sl_send_reply?\n',
      ].join('\n'),
    );
    const good = await outcome(start(`${MODULES}route { sl_send_reply(200, "OK"); }\n`, '-C'));
    expect(good).toMatchObject({ code: 0, out: expect.stringContaining('opensips.cfg: ') });
  });

  it('says which socket cannot be', async () => {
    const { code, err } = await outcome(
      start(`socket=udp:127.0.0.1:0 as 0.0.0.0\n${MODULES}route { exit; }\n`, '-C'),
    );
    expect(code).toBe(1);
    expect(err).toContain('opensips.cfg:1:8: a wildcard cannot be printed in a message');
  });

  it('passes the script through a preprocessor', async () => {
    const script = `${MODULES}route { sl_send_reply(CODE, "OK"); }\n`;
    expect((await outcome(start(script, '-C', '-p', 'sed s/CODE/200/'))).code).toBe(0);
    const { err } = await outcome(start(script, '-C', '-p', 'exit 3'));
    expect(err).toContain('the preprocessor "exit 3" failed: it ended with 3');
  });
});
