import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const folder = mkdtempSync(join(tmpdir(), 'viaduct-domain-'));
afterAll(() => rmSync(folder, { recursive: true }));
const PATH = join(folder, 'domains.db');

const BODY = `
  if (is_from_local()) xlog("from");
  if (is_uri_host_local($var(attrs))) xlog("uri $var(attrs)");
  if (is_domain_local("SIP.Example.org")) xlog("subdomain");
  if (is_domain_local("a.b.example.org", $avp(x))) xlog("deep $avp(x)");
  if (!is_domain_local("sip.example.com")) xlog("none");
  if (is_myself("example.com")) xlog("myself");`;

function script(mode: number): string {
  return `${['signaling', 'sl', 'domain', 'db_sqlite'].map((it) => `loadmodule "${it}.so"`).join('\n')}
    modparam("domain", "db_url", "sqlite://${PATH}")
    modparam("domain", "db_mode", ${mode})
    route { ${BODY} }`;
}

async function fill(): Promise<void> {
  // The first script makes the table.
  await using _ = await ScriptUnderTest.run(script(0));
  const database = new DatabaseSync(PATH);
  database.exec(`DELETE FROM domain; INSERT INTO domain (domain, attrs, accept_subdomain)
    VALUES ('example.com', 'vip=1', 0), ('example.org', NULL, 1)`);
  database.close();
}

describe('domain', () => {
  it('asks the table each time', async () => {
    await fill();
    await using server = await ScriptUnderTest.run(script(0));
    server.peer('192.0.2.7').request('OPTIONS');
    expect(server.lines).toEqual(['from', 'uri vip=1', 'subdomain', 'deep <null>', 'none']);
    expect(await server.command('domain:dump')).toEqual({ Domains: [] });
  });

  it('keeps the table in memory until it is read anew, and counts its domains as this server', async () => {
    await fill();
    await using server = await ScriptUnderTest.run(script(1));
    const peer = server.peer('192.0.2.7');
    peer.request('OPTIONS', { callId: '1' });
    expect(server.lines).toEqual(['from', 'uri vip=1', 'subdomain', 'deep <null>', 'none', 'myself']);
    expect(await server.command('domain_dump')).toEqual({
      Domains: [{ name: 'example.com', attributes: 'vip=1' }, { name: 'example.org' }],
    });
    const database = new DatabaseSync(PATH);
    database.exec("DELETE FROM domain WHERE domain = 'example.com'");
    database.close();
    peer.request('OPTIONS', { callId: '2' });
    expect(server.lines).toHaveLength(12);
    expect(await server.command('domain_reload')).toBe('OK');
    peer.request('OPTIONS', { callId: '3' });
    expect(server.lines.slice(12)).toEqual(['subdomain', 'deep <null>', 'none']);
  });

  it('leaves nothing behind that says what is local', async () => {
    await fill();
    const server = await ScriptUnderTest.run(script(1));
    expect(server.advertise.own.isLocalDomain('example.com')).toBe(true);
    await server[Symbol.asyncDispose]();
    expect(server.advertise.own.isLocalDomain('example.com')).toBe(false);
  });
});
