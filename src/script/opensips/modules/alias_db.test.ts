import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const folder = mkdtempSync(join(tmpdir(), 'viaduct-alias-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Tables in text files, filled by the script itself. */
function script(params: string, body: string): string {
  const url = `sqlite://${join(folder, 'aliases.db')}`;
  return `${['signaling', 'sl', 'tm', 'sqlops', 'alias_db', 'db_sqlite'].map((it) => `loadmodule "${it}.so"`).join('\n')}
    db_default_url="${url}"
    ${params}
    startup_route {
      sql_delete("dbaliases");
      sql_insert("dbaliases", '[{"alias_username":"sales"},{"alias_domain":"example.com"},{"username":"bob"},{"domain":"example.com"}]');
      sql_insert("dbaliases", '[{"alias_username":"all"},{"alias_domain":"a.org"},{"username":"al ice"},{"domain":"example.com"}]');
      sql_insert("dbaliases", '[{"alias_username":"all"},{"alias_domain":"b.org"},{"username":"bob"},{"domain":"example.com"}]');
    }
    route { ${body} }`;
}

async function run(params: string, body: string, requestUri: string): Promise<readonly string[]> {
  await using server = await ScriptUnderTest.run(script(params, body));
  server.peer('192.0.2.7').request('OPTIONS', { requestUri });
  await server.settle();
  return server.lines;
}

const LOOKUP = 'alias_db_lookup("dbaliases"); xlog("$rc $ru $(msg.branch.uri[1])");';

describe('alias_db', () => {
  it('puts the user in place of the alias', async () => {
    expect(await run('', LOOKUP, 'sip:sales@example.com;user=phone')).toEqual([
      '1 sip:bob@example.com <null>',
    ]);
    expect(await run('', LOOKUP, 'sip:sales@example.org')).toEqual(['-1 sip:sales@example.org <null>']);
    const prefix = 'modparam("alias_db", "domain_prefix", "sip.")';
    expect(await run(prefix, LOOKUP, 'sip:sales@sip.example.com')).toEqual(['1 sip:bob@example.com <null>']);
  });

  it('takes several users for branches, without regard to domains', async () => {
    const params = 'modparam("alias_db", "append_branches", 1)';
    const body = LOOKUP.replace('"dbaliases"', '"dbaliases", "d"');
    expect(await run(params, body, 'sip:all@anywhere.net')).toEqual([
      '1 sip:al%20ice@example.com sip:bob@example.com',
    ]);
    expect(await run('', body, 'sip:all@anywhere.net')).toEqual(['1 sip:al%20ice@example.com <null>']);
  });

  it('finds without changing, and the other way round', async () => {
    const body = `alias_db_find("dbaliases", "sip:bob@example.com", $var(alias), "r"); xlog("$rc $var(alias) $ru");
      alias_db_find("dbaliases", "sip:nobody@example.com", $var(none)); xlog("$rc $var(none)");`;
    expect(await run('', body, 'sip:x@y.z')).toEqual(['1 sip:sales@example.com sip:x@y.z', '-1 <null>']);
    await expect(run('', 'alias_db_lookup("dbaliases", "x");', 'sip:x@y.z')).rejects.toThrow(/no flag "x"/);
  });
});
