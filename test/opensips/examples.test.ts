import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { calleeDialog, callerDialog, type Peer } from '../../src/core/proxy/testing/peer.ts';
import { sqliteSchema } from '../../src/script/opensips/db/sql-text.ts';
import { loadScript } from '../../src/script/opensips/load-script.ts';
import { CARRIERS, GATEWAYS, GROUPS, RULES } from '../../src/script/opensips/modules/drouting/partition.ts';
import { BALANCER_TABLE } from '../../src/script/opensips/modules/load_balancer/balancer.ts';
import { ScriptUnderTest } from '../../src/script/opensips/testing/script-under-test.ts';

const ETC = join(import.meta.dirname, '../../etc');
let folder = '';
let database = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'viaduct-examples-'));
  database = join(folder, 'opensips.sqlite');
  const tables = new DatabaseSync(database);
  tables.exec(sqliteSchema('load_balancer', BALANCER_TABLE));
  for (const layout of [GATEWAYS, RULES, CARRIERS, GROUPS]) tables.exec(sqliteSchema(layout.name, layout));
  tables.exec(`INSERT INTO load_balancer (group_id, dst_uri, resources, probe_mode)
    VALUES (1, 'sip:198.51.100.1', 'channels=1', 0), (1, 'sip:198.51.100.2', 'channels=1', 0)`);
  tables.exec(`INSERT INTO dr_gateways (gwid, type, address) VALUES
    ('in', 0, '192.0.2.7'), ('one', 0, '198.51.100.1'), ('two', 0, '198.51.100.2')`);
  tables.exec(`INSERT INTO dr_rules (groupid, prefix, gwlist) VALUES ('0', '49', 'one,two')`);
  tables.close();
});

afterAll(() => rmSync(folder, { recursive: true }));

/** An example with the addresses of the test network in place of its own. */
function example(file: string): string {
  return readFileSync(join(ETC, file), 'utf8')
    .replaceAll('127.0.0.1', '10.0.0.34')
    .replaceAll('203.0.113.1', '99.88.44.33')
    .replaceAll('/var/lib/opensips/opensips.sqlite', database);
}

describe.each(['opensips', 'typescript'] as const)('the examples in etc, as %s', (form) => {
  const run = (file: string) => ScriptUnderTest.run(example(file), { form });

  /** Answers a call that has rung, and ends it. */
  async function finish(server: ScriptUnderTest, caller: Peer, callee: Peer): Promise<void> {
    const invite = callee.last('INVITE');
    callee.answer('INVITE', 200);
    await server.settle();
    caller.inDialog('ACK', callerDialog(caller.last('200')));
    await server.settle();
    expect(callee.kinds).toContain('ACK');
    callee.inDialog('BYE', calleeDialog(invite));
    await server.settle();
    caller.answer('BYE', 200);
    await server.settle();
    expect(callee.kinds.at(-1)).toBe('200');
  }

  it('let phones register and call each other: opensips.cfg', async () => {
    await using server = await run('opensips.cfg');
    const caller = server.peer('192.0.2.7');
    const callee = server.peer('198.51.100.1');
    callee.request('REGISTER', { requestUri: 'sip:10.0.0.34', callId: 'r' });
    await server.settle();
    expect(callee.kinds).toEqual(['200']);
    caller.request('INVITE', { requestUri: 'sip:bob@10.0.0.34' });
    await server.settle();
    await finish(server, caller, callee);
    caller.request('INVITE', { requestUri: 'sip:nobody@10.0.0.34', callId: 'two' });
    caller.request('INVITE', { requestUri: 'sip:bob@203.0.113.99', callId: 'three' });
    await server.settle();
    expect(caller.kinds.slice(-2)).toEqual(expect.arrayContaining(['404', '403']));
  });

  it('take the next gateway where one fails, and nobody who is none: trunking.cfg', async () => {
    await using server = await run('trunking.cfg');
    const caller = server.peer('192.0.2.7');
    const [one, two, stranger] = ['198.51.100.1', '198.51.100.2', '192.0.2.99'].map((it) => server.peer(it));
    caller.request('INVITE', { requestUri: 'sip:4930123@10.0.0.34' });
    await server.settle();
    one!.answer('INVITE', 503);
    await server.settle();
    await finish(server, caller, two!);
    stranger!.request('INVITE', { requestUri: 'sip:4930123@10.0.0.34', callId: 'two' });
    await server.settle();
    expect(stranger!.kinds.at(-1)).toBe('403');
  });

  it('spread calls by the room that servers have: load-balancer.cfg', async () => {
    await using server = await run('load-balancer.cfg');
    const caller = server.peer('192.0.2.7');
    const servers = ['198.51.100.1', '198.51.100.2'].map((it) => server.peer(it));
    const call = async (callId: string) => {
      caller.request('INVITE', { callId, branch: `z9hG4bK-${callId}` });
      await server.settle();
    };
    await call('a');
    await call('b');
    expect(servers.map((it) => it.kinds.filter((kind) => kind === 'INVITE').length)).toEqual([1, 1]);
    await call('c');
    expect(caller.kinds.at(-1)).toBe('500');
    await finish(server, caller, servers[1]!);
  });
});

describe('the examples in etc', () => {
  it.each(readdirSync(ETC).filter((it) => it.endsWith('.cfg')))('%s is found good', async (file) => {
    const result = await loadScript(join(ETC, file), { workingDirectory: ETC });
    expect(result).toMatchObject({ ok: true, notices: [] });
  });
});
