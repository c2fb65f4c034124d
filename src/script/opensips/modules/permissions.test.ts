import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';
import { Rules } from './permissions/rules.ts';

const folder = mkdtempSync(join(tmpdir(), 'viaduct-permissions-'));
afterAll(() => rmSync(folder, { recursive: true }));
const PATH = join(folder, 'address.db');

function script(body: string, params = ''): string {
  return `${['signaling', 'sl', 'tm', 'sipmsgops', 'permissions', 'db_sqlite'].map((it) => `loadmodule "${it}.so"`).join('\n')}
    modparam("permissions", "db_url", "sqlite://${PATH}")
    modparam("permissions", "partition", "second: table_name = address2")
    ${params}
    route { ${body} }`;
}

beforeAll(async () => {
  await using _ = await ScriptUnderTest.run(script('exit;'));
  const database = new DatabaseSync(PATH);
  database.exec(`INSERT INTO address (grp, ip, mask, port, proto, pattern, context_info) VALUES
    (1, '192.0.2.7', 32, 0, 'any', NULL, 'desk'), (1, '192.0.2.0', 24, 0, 'udp', NULL, 'office'),
    (2, '198.51.100.1', 32, 5080, 'tcp', NULL, NULL), (2, '2001:db8::', 32, 0, 'any', NULL, 'six'),
    (3, '203.0.113.0', 24, 0, 'any', 'sip:*@example.com', 'pattern'),
    (4, 'nonsense', 32, 0, 'any', NULL, NULL), (4, '192.0.2.1', 99, 0, 'any', NULL, NULL), (4, '192.0.2.1', 32, 0, 'none', NULL, NULL);
    INSERT INTO address2 (grp, ip) VALUES (7, '192.0.2.7')`);
  database.close();
});

async function run(body: string, params = '', address = '192.0.2.7'): Promise<readonly string[]> {
  await using server = await ScriptUnderTest.run(script(body, params));
  server.peer(address).request('INVITE');
  return server.lines.filter((line) => !line.includes('cannot be used'));
}

/** The code of a call. */
async function codes(...calls: readonly string[]): Promise<readonly string[]> {
  return await run(calls.map((call) => `${call}; xlog("$rc");`).join('\n'));
}

describe('permissions by addresses', () => {
  it('finds where a request came from, in the smallest network', async () => {
    const body = 'if (check_source_address(1, $avp(info))) xlog("$avp(info)"); else xlog("$rc");';
    expect(await run(body)).toEqual(['desk']);
    expect(await run(body, '', '192.0.2.99')).toEqual(['office']);
    expect(await run(body, '', '198.51.100.7')).toEqual(['-1']);
    expect(await codes('check_source_address(9)', 'check_source_address(0)')).toEqual(['-2', '1']);
    expect(await codes('check_source_address(7, , , "second")', 'check_source_address(7)')).toEqual([
      '1',
      '-2',
    ]);
  });

  it('compares addresses, ports, protocols and patterns', async () => {
    expect(
      await codes(
        'check_address(2, "198.51.100.1", 5080, "TCP")',
        'check_address(2, "198.51.100.1", 5080, "udp")',
        'check_address(2, "198.51.100.1", 5060, "any")',
        'check_address(2, "198.51.100.1", 0, "any")',
        'check_address(2, "2001:db8:0:1::5", 0, "any")',
        'check_address(2, "2001:db9::1", 0, "any")',
        'check_address(3, "203.0.113.5", 0, "any", , "sip:bob@example.com")',
        'check_address(3, "203.0.113.5", 0, "any", , "sip:bob@example.org")',
        'check_address(4, "192.0.2.1", 0, "any")',
        'check_address(1, "no address", 0, "any")',
        'check_address(1, "192.0.2.7", 0, "any", , , "third")',
      ),
    ).toEqual([
      ...['1', '-1', '-1', '1', '1', '-1', '1', '-1', '-2', '-1'],
      'permissions: there is no partition third',
      '-1',
    ]);
    expect(await run('get_source_group($var(g)); xlog("$rc $var(g)");')).toEqual(['1 1']);
    await expect(run('check_address(1, "192.0.2.7", 0, "quic");')).rejects.toThrow(/no protocol quic/);
  });

  it('shows and reloads its tables by MI', async () => {
    await using server = await ScriptUnderTest.run(script('check_source_address(5); xlog("$rc");'));
    const peer = server.peer('192.0.2.7');
    const single = {
      grp: 2,
      ip: '198.51.100.1',
      mask: '32',
      port: 5080,
      proto: 'tcp',
      pattern: null,
      context_info: null,
    };
    const dumped = await server.command('permissions:address_dump', { partition: 'default' });
    expect(dumped).toMatchObject({ part: 'default', Destinations: [{ context_info: 'desk' }, single] });
    expect(await server.command('subnet_dump')).toMatchObject({
      Partitions: [
        { name: 'second', Destinations: [] },
        {
          name: 'default',
          Destinations: [
            { ip: '192.0.2.0', mask: '255.255.255.0' },
            { ip: '2001:db8::', mask: 'ffff:ffff::' },
            {},
          ],
        },
      ],
    });
    peer.request('INVITE', { callId: '1' });
    const database = new DatabaseSync(PATH);
    database.exec("INSERT INTO address (grp, ip) VALUES (5, '192.0.2.7')");
    database.close();
    peer.request('INVITE', { callId: '2' });
    expect(await server.command('address_reload')).toBe('OK');
    peer.request('INVITE', { callId: '3' });
    expect(server.lines.filter((line) => /^-?\d$/.test(line))).toEqual(['-2', '-2', '1']);
    await expect(server.command('address_dump', { partition: 'x' })).rejects.toThrow('No such partition');
    await expect(server.command('address_reload', { partition: 'x' })).rejects.toMatchObject({ code: 400 });
  });
});

describe('permissions by files', () => {
  const file = (name: string) => join(folder, name);

  it('lets calls pass that are allowed, or not denied', async () => {
    writeFileSync(file('calls.allow'), '# friends\n"^sip:alice@" : "^sip:bob@example\\.com$"\n');
    writeFileSync(file('calls.deny'), 'ALL : "^sip:bob@", "^sip:\\+44" EXCEPT "^sip:\\+4420"\n');
    const params = `modparam("permissions", "default_allow_file", "${file('calls.allow')}")
      modparam("permissions", "default_deny_file", "${file('calls.deny')}")`;
    const ask = 'if (allow_routing()) xlog("yes"); else xlog("no");';
    const body = `${ask} $ru = "sip:bob@example.org"; ${ask} $ru = "sip:+44123@example.com"; ${ask}
      $ru = "sip:+44201@example.com"; ${ask} append_msg_branch("sip:bob@example.org"); ${ask}`;
    expect(await run(body, params)).toEqual(['yes', 'no', 'no', 'yes', 'no']);
    const one = `${params}\nmodparam("permissions", "check_all_branches", 0)`;
    expect((await run(body, one)).at(-1)).toBe('yes');
    expect(await run(ask)).toEqual(['yes']);
  });

  it('looks at contacts and at URIs', async () => {
    writeFileSync(file('register.deny'), 'ALL : "^sip:.*@1\\.2\\.3\\.4$"\n');
    const base = file('register');
    await using server = await ScriptUnderTest.run(
      script(`if (is_method("REGISTER")) { allow_register("${base}"); xlog("$rc"); exit; }
        allow_uri("${base}", "sip:x@1.2.3.4:5060;user=phone"); xlog("$rc"); allow_uri("${base}", $fu); xlog("$rc");`),
    );
    const peer = server.peer('192.0.2.7');
    peer.request('REGISTER', { callId: '1' });
    peer.request('REGISTER', { callId: '2', contact: 'sip:me@1.2.3.4:5060' });
    peer.request('INVITE', { callId: '3' });
    expect(server.lines.slice(1)).toEqual(['1', '-1', '-1', '1']);
    const allow = (contact: string) =>
      server.command('allow_uri', { basename: base, uri: 'sip:a@b', contact });
    expect(await allow('sip:x@5.6.7.8')).toBe('OK');
    await expect(allow('sip:x@1.2.3.4')).rejects.toMatchObject({ code: 403 });
  });

  it('tells which lines it cannot read', () => {
    const rules = new Rules('ALL "x"\nALL : "("\n\n  # nothing\n"a:b" : ALL # behind\n: ALL\n');
    expect(rules.faults).toEqual([
      { line: 1, message: 'there is no colon between its two sides' },
      { line: 2, message: '( is no regular expression' },
      { line: 6, message: 'there is no colon between its two sides' },
    ]);
    expect(rules.match('xa:bx', 'whatever')).toBe(true);
    expect(rules.match('ab', 'whatever')).toBe(false);
  });
});
