import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const VIADUCT = join(import.meta.dirname, '../../bin/viaduct');
const SCRIPT = `socket=udp:10.0.0.34:5060 as 99.88.44.33:5060
${['sl', 'tm', 'rr', 'maxfwd', 'sipmsgops', 'exec', 'db_text', 'sqlops'].map((it) => `loadmodule "${it}.so"`).join('\n')}
modparam("sqlops", "db_url", "text://./tables")
route {
  if (!mf_process_maxfwd_header(10)) { sl_send_reply(483, "Too Many Hops"); exit; }
  $avp(caller) = $fU;
  $var(n) = 3;
  $var(n) += 4;
  xlog("call of $avp(caller)");
  exec("touch was-run");
  record_route();
  set_advertised_address("99.1.1.1");
  $ru = "sip:bob@198.51.100.1:5070";
  route(relay);
}
route[relay] {
  t_on_branch("out");
  t_relay();
}
branch_route[out] { append_hf("X-Branch: 1\\r\\n"); }
failure_route[nobody] { exit; }
`;
const INVITE = `INVITE sip:bob@example.com SIP/2.0
Via: SIP/2.0/UDP 203.0.113.7:5062;branch=z9hG4bK1
From: <sip:alice@example.com>;tag=1
To: <sip:bob@example.com>
Call-ID: one
CSeq: 1 INVITE
Contact: <sip:alice@203.0.113.7:5062>
Max-Forwards: 70
Content-Length: 0
`;

let cwd = '';

function viaduct(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [VIADUCT, ...args], {
    cwd,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'viaduct-tools-'));
  writeFileSync(join(cwd, 'opensips.cfg'), SCRIPT);
  writeFileSync(join(cwd, 'invite.txt'), INVITE);
});

afterAll(() => rmSync(cwd, { recursive: true }));

describe('viaduct dry-run', () => {
  const steps = [
    'mf_process_maxfwd_header(10) → 1',
    '$avp(caller) = "alice"',
    '$var(n) = "3"',
    '$var(n) = "7"',
    'error: call of alice',
    'xlog(-1, "call of alice") → 1',
    'exec("touch was-run") → 1, not done',
    'record_route() → 1',
    'set_advertised_address("99.1.1.1") → 1',
    '$ru = "sip:bob@198.51.100.1:5070"',
    't_on_branch("out") → 1',
    'append_hf("X-Branch: 1\\r\\n") → 1',
    't_relay() → 1',
  ];

  it('shows each step of a script with its place, and what would be sent', () => {
    const { status, stdout, stderr } = viaduct('dry-run', '-f', 'opensips.cfg', 'invite.txt');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const [head = '', ...messages] = stdout.split('\nwould send from ');
    const lines = head.trim().split('\n');
    expect(lines[0]).toBe('INVITE sip:bob@example.com SIP/2.0  from udp:203.0.113.7:5062');
    expect(lines.slice(1).map((line) => line.replace(/^(?:opensips\.cfg:\d+:\d+)? */, ''))).toEqual(steps);
    expect(lines[1]).toContain('opensips.cfg:12:3 ');
    const [trying = '', invite = ''] = messages;
    expect(messages).toHaveLength(2);
    expect(trying).toMatch(/^udp:10\.0\.0\.34:5060 to udp:203\.0\.113\.7:5062\n {2}SIP\/2\.0 100 /);
    expect(invite).toMatch(/^udp:10\.0\.0\.34:5060 to udp:198\.51\.100\.1:5070\n {2}INVITE sip:bob@198/);
    expect(invite).toContain('Record-Route: <sip:99.1.1.1;lr');
    expect(invite).toContain('X-Branch: 1');
  });

  it('does the same with its conversion, which is found good', () => {
    const { stdout: program } = viaduct('convert', 'opensips.cfg');
    writeFileSync(join(cwd, 'program.ts'), program);
    expect(viaduct('check', 'program.ts')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('good'),
    });
    const { stdout } = viaduct('dry-run', '--routes', 'program.ts', 'invite.txt');
    const lines = stdout.split('\nwould send from ')[0]!.trim().split('\n');
    expect(lines.slice(1).map((line) => line.replace(/^(?:program\.ts:\d+:\d+)? */, ''))).toEqual(steps);
  });

  it('finds what is wrong with a program by its types', () => {
    writeFileSync(
      join(cwd, 'wrong.ts'),
      "import { script } from 'viaduct/opensips';\nexport default script({ modules: ['tm'], request(m) { m.t_rely(); } });\n",
    );
    const { status, stderr } = viaduct('check', 'wrong.ts');
    expect(status).toBe(1);
    expect(stderr).toMatch(/wrong\.ts:2:\d+: .*t_rely/);
  });

  it('runs the shipped routes, from wherever one says', () => {
    const { stdout } = viaduct(
      'dry-run',
      'invite.txt',
      '--from',
      '198.51.100.9:5080',
      '-l',
      'udp:127.0.0.1:5060',
    );
    expect(stdout).toContain('would send from udp:127.0.0.1:5060 to udp:198.51.100.9:5080\n  SIP/2.0 407 ');
  });

  it('says what is no message', () => {
    expect(viaduct('dry-run', 'gone.txt')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('gone.txt cannot be read'),
    });
  });
});

describe('viaduct check --explain', () => {
  it('says what routes do, what they print, and what never runs', () => {
    const { stdout } = viaduct('check', '--explain', 'opensips.cfg');
    expect(
      stdout
        .replaceAll(`${cwd}/`, '')
        .split('\n')
        .slice(1)
        .map((line) => line.trim()),
    ).toEqual([
      'route: counts Max-Forwards down, answers 483, runs a command, stays in the path, prints 99.1.1.1, route[relay]',
      'route[relay]: then branch_route[out], forwards',
      'branch_route[out]: append_hf',
      'failure_route[nobody]: sets variables, or does nothing',
      expect.stringMatching(/^opensips\.cfg:19:26: 99\.1\.1\.1 is not own: .*; write alias=99\.1\.1\.1$/),
      'opensips.cfg:28:1: failure_route[nobody] never runs: no t_on_failure("nobody")',
      '',
    ]);
  });
});
