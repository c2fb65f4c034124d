import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../../base/clock.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const PWD = '{"jsonrpc":"2.0","method":"core:pwd","id":"5"}';

async function run(folder = mkdtempSync(join(tmpdir(), 'viaduct-fifo-'))) {
  const fifo = join(folder, 'fifo');
  const script = `
    loadmodule "mi_fifo.so"
    modparam("mi_fifo", "fifo_name", "${fifo}")
    modparam("mi_fifo", "fifo_mode", 0600)
    modparam("mi_fifo", "reply_dir", "${folder}/")
    route { xlog("x"); }`;
  const server = await ScriptUnderTest.run(script, { serverServices: { clock: new SystemClock() } });
  /** As a program would that asks. */
  const ask = async (name: string, request: string): Promise<string> => {
    const reply = join(folder, name);
    execFileSync('mkfifo', [reply]);
    const answer = readFile(reply, 'utf8');
    appendFileSync(fifo, `:${name}:${request}`);
    return answer;
  };
  return { server, fifo, folder, ask };
}

describe('mi_fifo', () => {
  it('takes commands and writes answers', async () => {
    const { server, fifo, ask } = await run();
    {
      await using _ = server;
      expect(statSync(fifo).isFIFO()).toBe(true);
      expect(statSync(fifo).mode & 0o777).toBe(0o600);
      expect(await ask('one', PWD)).toBe(`{"jsonrpc":"2.0","result":{"WD":"${process.cwd()}"},"id":"5"}`);
      expect(JSON.parse(await ask('two', 'rubbish\n'))).toMatchObject({ error: { code: -32700 } });
    }
    expect(existsSync(fifo)).toBe(false);
  });

  it('writes answers to FIFOs in their folder alone', async () => {
    const { server, fifo, folder, ask } = await run();
    await using _ = server;
    writeFileSync(join(folder, 'file'), 'precious');
    symlinkSync(join(folder, 'file'), join(folder, 'link'));
    appendFileSync(fifo, `:../x:${PWD}\n:file:${PWD}\n:link:${PWD}\n`);
    await ask('last', PWD);
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('precious');
    const notices = server.lines.join('\n');
    expect(notices).toContain('"../x" has no proper name');
    expect(notices).toContain('file: is no FIFO');
    expect(notices).toContain('link: cannot be opened (ELOOP)');
  });

  it('does not take a file away', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-fifo-'));
    writeFileSync(join(folder, 'fifo'), 'precious');
    await expect(run(folder)).rejects.toThrow(/cannot be made/);
    expect(await readFile(join(folder, 'fifo'), 'utf8')).toBe('precious');
  });
});
