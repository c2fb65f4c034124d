import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const VIADUCT = join(import.meta.dirname, '../../bin/viaduct');
const run = promisify(execFile);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function started(child: ChildProcess): Promise<void> {
  let shown = '';
  child.stdout!.setEncoding('utf8');
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
    shown += chunk;
    if (shown.includes('Ctrl-C')) return;
  }
  throw new Error(`it did not start: ${shown}`);
}

function script(port: number, text: string): string {
  return `
    loadmodule "sl.so"
    loadmodule "httpd.so"
    loadmodule "mi_http.so"
    loadmodule "statistics.so"
    modparam("httpd", "port", ${port})
    modparam("statistics", "variable", "${text}")
    route { sl_send_reply(200, "${text}"); }`;
}

describe('management of a server that runs an OpenSIPS script', () => {
  it('gives commands by HTTP and by viaduct ctl, and reloads the script', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'viaduct-mi-'));
    const port = await freePort();
    const file = join(cwd, 'opensips.cfg');
    writeFileSync(file, script(port, 'first'));
    const child = spawn(process.execPath, [VIADUCT, '-f', file, '-l', 'udp:127.0.0.1:0'], { cwd });
    const ended = once(child, 'exit');
    await started(child);
    const ask = async (method: string, params?: unknown) => {
      const response = await fetch(`http://127.0.0.1:${port}/mi`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      });
      const { result, error } = (await response.json()) as { result: unknown; error: unknown };
      return error ?? result;
    };
    const ctl = async (...args: string[]) =>
      (await run(process.execPath, [VIADUCT, 'ctl', ...args], { cwd })).stdout.trim();

    expect(await ask('get_statistics', [['dynamic:', 'net:datagramsIn']])).toEqual({
      'dynamic:first': 0,
      'net:datagramsIn': 0,
    });
    expect(await ctl('get_statistics', 'dynamic:', 'core:rcv_requests')).toBe(
      'dynamic:first      0\ncore:rcv_requests  0',
    );
    expect(await ctl('log_level', 'level=4')).toBe('New global log level  4');
    expect(await ctl('which', 'httpd:')).toBe('httpd:list_root_path');
    expect(await ctl('help')).toContain('statistics:get STATISTICS');
    await expect(ctl('cache_fetch', 'local', 'x')).rejects.toThrow('Cache fetch command failed');
    await expect(ctl('nope')).rejects.toThrow('there is no command nope');

    writeFileSync(file, script(port, 'second'));
    expect(await ask('reload_routes')).toBe('OK');
    expect(await ask('get_statistics', ['dynamic:'])).toEqual({ 'dynamic:second': 0 });
    writeFileSync(file, 'route { nope(); }');
    expect(await ask('reload_routes')).toMatchObject({ code: 500, message: 'reload failed' });
    expect(await ask('get_statistics', ['dynamic:'])).toEqual({ 'dynamic:second': 0 });
    expect(await ask('kill')).toBe('OK');
    expect((await ended)[0]).toBe(0);
  });
});
