import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';

const VIADUCT = join(import.meta.dirname, '../../bin/viaduct');

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function folder(): string {
  return mkdtempSync(join(tmpdir(), 'viaduct-cli-'));
}

function start(cwd: string, ...args: string[]): ChildProcess {
  return spawn(process.execPath, [VIADUCT, ...args], { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
}

async function run(cwd: string, ...args: string[]): Promise<Outcome> {
  const child = start(cwd, ...args);
  child.stdin?.end('from-stdin\n');
  const [out, err] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  if (child.exitCode === null) await once(child, 'exit');
  return { code: child.exitCode, out, err };
}

/** Starts a server on a free port; what it has printed when it is up. */
async function serve(cwd: string, ...args: string[]): Promise<{ child: ChildProcess; banner: string }> {
  const child = start(cwd, '-l', 'udp:127.0.0.1:0', ...args);
  let banner = '';
  child.stdout?.setEncoding('utf8');
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) {
    banner += chunk;
    if (banner.includes('Ctrl-C')) break;
  }
  return { child, banner };
}

describe('viaduct', () => {
  it('starts with defaults, shows two users once, and stops on Ctrl-C', async () => {
    const home = folder();
    const first = await serve(home);
    expect(first.banner).toMatch(/udp:127\.0\.0\.1:\d+ +127\.0\.0\.1:\d+/);
    expect(first.banner).toMatch(/sip:alice@127\.0\.0\.1 +user alice +password \w{16}/);
    expect(first.banner).toContain(join(home, 'viaduct-data'));
    expect(first.banner).not.toContain('\u001b');
    first.child.kill('SIGINT');
    expect(await once(first.child, 'exit')).toEqual([0, null]);

    const second = await serve(home);
    expect(second.banner).not.toContain('password');
    expect((await run(home, 'ctl', 'status')).out).toMatch(/^listeners +1$/m);
    expect((await run(home, 'ctl')).out).toMatch(/^advertise set ADDRESS/m);
    expect((await run(home, 'ctl', 'listeners', '--json')).out).toContain('"listener"');
    const help = (await run(home, 'ctl', '--help')).out;
    for (const [, name = ''] of (await run(home, 'ctl')).out.matchAll(/^([a-z]+) /gm)) {
      expect(help).toMatch(new RegExp(`[ "]${name}\\b`));
    }
    expect((await run(home, 'ctl', 'registrations', 'alice')).out).toBe('none\n');
    expect((await run(home, 'ctl', 'unregister', 'bob@127.0.0.1')).out).toContain(' of sip:bob@viaduct ');
    // It may be gone before the command that stopped it is.
    const gone = once(second.child, 'exit');
    expect((await run(home, 'ctl', 'stop')).out).toBe('stopping\n');
    expect(await gone).toEqual([0, null]);
    expect(await run(home, 'ctl', 'status')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no running'),
    });
  });

  it('drains on SIGTERM, and reloads on SIGHUP', async () => {
    const home = folder();
    writeFileSync(join(home, 'v.yaml'), 'domains: [example.com]\nlog: { file: stdout }\n');
    const { child } = await serve(home, '-c', 'v.yaml');
    let said = '';
    child.stdout?.on('data', (chunk: string) => {
      said += chunk;
    });
    child.kill('SIGHUP');
    while (!said.includes('read again')) {
      await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')]);
      expect(child.exitCode ?? child.signalCode).toBeNull();
    }
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('keeps users', async () => {
    const home = folder();
    writeFileSync(join(home, 'v.yaml'), 'domains: [example.com]\n');
    const user = (...args: string[]) => run(home, 'user', ...args, '-c', 'v.yaml');
    expect(await user('add', 'carol')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^carol@example\.com added\npassword: \w{16}\n$/),
    });
    expect(await user('add', 'carol@example.com')).toMatchObject({
      code: 1,
      err: expect.stringContaining('is there already'),
    });
    expect((await user('passwd', 'carol', '--password-stdin')).out).toBe(
      'carol@example.com has a new password\n',
    );
    expect((await user('ls')).out).toMatch(/carol +example\.com/);
    expect((await user('rm', 'carol')).code).toBe(0);
    expect((await user('rm', 'carol')).code).toBe(1);
    expect((await user('add', 'x@example.net')).err).toContain('no domain of this server');
  });

  it('checks configurations and routes', async () => {
    const home = folder();
    writeFileSync(join(home, 'good.yaml'), 'listen: [udp:127.0.0.1]\nroutes: good.ts\n');
    writeFileSync(join(home, 'bad.yaml'), 'lisen: []\n');
    const routes = (body: string) =>
      `import { routes } from 'viaduct';\nexport default routes({\n  register: (call) => call.reject(403),\n  invite(call) {\n    ${body}\n  },\n});\n`;
    writeFileSync(join(home, 'good.ts'), routes('return call.reject(404);'));
    writeFileSync(join(home, 'bad.ts'), routes('if (call.target.isLocal) return call.reject(404);'));
    const good = await run(home, 'check', 'good.yaml');
    expect(good).toMatchObject({ code: 0, out: expect.stringMatching(/good\.yaml: good\n.*good\.ts: good/) });
    const bad = await run(home, 'check', 'bad.yaml', 'bad.ts');
    expect(bad.code).toBe(1);
    expect(bad.err).toMatch(
      /bad\.yaml:1:1: unknown key "lisen"\n {2}1 \| lisen: \[\]\n {4}\| \^\n {2}hint: did you mean listen\?/,
    );
    expect(bad.err).toMatch(/bad\.ts:4:3: .*Answer|bad\.ts:4:3: .*Handler/);
  });

  it('says in one line why a file cannot be checked', async () => {
    const home = folder();
    writeFileSync(join(home, 'notes.md'), '# Notes\n');
    writeFileSync(join(home, 'routes.js'), "import { routes } from 'viaduct';\nexport default routes({});\n");
    writeFileSync(join(home, 'v.config.ts'), 'const forgotten = {};\n');
    const { code, err } = await run(home, 'check', 'notes.md', 'no.ts', 'routes.js', 'v.config.ts');
    expect(code).toBe(1);
    expect(err).toContain('notes.md:1:1: neither a configuration nor a routes file');
    expect(err).toContain('no.ts:1:1: the file is not there');
    expect(err).toContain('v.config.ts:1:1: nothing is exported');
    expect(err).not.toContain('error TS');
  });

  it('knows the types of the test kit', async () => {
    const home = folder();
    const lines = [
      "import { digest, location, routes } from 'viaduct';",
      "import { CallHarness } from 'viaduct/testing';",
      'export const start = () => CallHarness.start({ routes: program });',
      'const program = routes({',
      '  register: (call) => location.save(call, { owner: "alice" }),',
      '  invite: async (call) => (await digest().verify(call)).ok ? call.reject(404) : call.reject(403),',
      '});',
      'export default program;',
    ];
    writeFileSync(join(home, 'tested.ts'), lines.join('\n'));
    expect((await run(home, 'check', 'tested.ts')).err).not.toContain('Cannot find module');
  });

  it('goes on when nobody reads what it prints', async () => {
    const home = folder();
    const { child } = await serve(home);
    child.stdout?.destroy();
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('prints help by every name', async () => {
    const home = folder();
    expect(await run(home, 'help')).toEqual(await run(home, '--help'));
    expect((await run(home, 'help', 'check')).out).toContain('Usage: viaduct check');
  });

  it('explains without a server', async () => {
    const home = folder();
    const out = await run(home, 'explain', '--to', '203.0.113.10', '-l', 'udp:10.0.0.34 as 99.88.44.33');
    expect(out).toMatchObject({
      code: 0,
      out: expect.stringContaining('udp:10.0.0.34:5060 prints 99.88.44.33:5060 to 203.0.113.10'),
    });
    expect((await run(home, 'explain', '--to', 'nobody')).code).toBe(1);
  });

  it.each([
    [['chek'], 'did you mean check?'],
    [['run', '--bogus'], 'unknown option'],
    [['explain'], '--to'],
    [['check'], 'nothing to check'],
  ])('%j is wrong usage', async (args, message) => {
    const { code, err } = await run(folder(), ...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it('says what is in the way', async () => {
    const home = folder();
    expect((await run(home, '-l', 'udp:')).err).toContain('the host is missing');
    expect((await run(home, '-c', 'no.yaml')).err).toContain('no.yaml is not there');
    expect((await run(home, '-f', 'no.cfg')).err).toContain('no.cfg is not there');
  });

  it('looks at the set-up', async () => {
    const home = folder();
    writeFileSync(join(home, 'v.yaml'), 'listen: ["udp:127.0.0.1:15871"]\n');
    const { code, out } = await run(home, 'doctor', '-c', 'v.yaml');
    expect(code).toBe(0);
    expect(out).toContain('can be opened');
  });

  it('makes prompts of sound, and says what it made', async () => {
    const home = folder();
    writeFileSync(join(home, 'hello.sln'), Buffer.alloc(2 * 12_000));
    const made = await run(home, 'makeann', 'hello.sln', 'hello');
    expect(made).toMatchObject({ code: 0, err: '' });
    expect(made.out).toBe('hello.0  PCMU  1.50 s  12000 bytes\nhello.8  PCMA  1.50 s  12000 bytes\n');
    expect(readFileSync(join(home, 'hello.8'))).toEqual(Buffer.alloc(12_000, 0xd5));
    expect((await run(home, 'makeann', '-l', '80', 'hello.sln')).out).toContain(
      'hello.sln.0  PCMU  0.01 s  80 bytes',
    );
    writeFileSync(join(home, 'broken.wav'), 'RIFFxxxx');
    expect(await run(home, 'makeann', 'broken.wav')).toMatchObject({
      code: 1,
      err: expect.stringContaining('broken.wav: no WAV file'),
    });
  });
});
