// Several workers as a process: what it prints, signals, and its end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { callControl } from '../../src/ops/admin/control-client.ts';
import { controlPath } from '../../src/ops/admin/control-path.ts';

const VIADUCT = fileURLToPath(new URL('../../bin/viaduct', import.meta.url));
const POLL_MS = 50;
const folder = mkdtempSync(join(tmpdir(), 'viaduct-process-'));
const data = join(folder, 'data');

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function until(what: () => boolean): Promise<void> {
  while (!what()) await wait(POLL_MS);
}

function log(): string {
  return readFileSync(join(data, 'viaduct.log'), 'utf8');
}

describe('viaduct --workers 2', () => {
  it('says so, reloads on SIGHUP, drains on SIGTERM, and ends well', async () => {
    const file = join(folder, 'viaduct.yaml');
    writeFileSync(
      file,
      'listen: ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]\ndata: ./data\nmedia: { relay: off }\n',
    );
    const child = spawn(process.execPath, [VIADUCT, '-c', file, '--workers', '2']);
    const ended = once(child, 'exit');
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (said += text));
    await until(() => said.includes('Ctrl-C') || child.exitCode !== null);
    expect(said).toMatch(/Workers +2\n/);
    expect(await callControl(controlPath(data), 'status', [])).toMatchObject({ result: { workers: 2 } });
    child.kill('SIGHUP');
    await until(() => log().includes('read again'));
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(log()).toMatch(/"draining"[\s\S]*"stopped"/);
    expect(said).toContain('Draining');
  });
});
