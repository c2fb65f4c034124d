import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const folder = mkdtempSync(join(tmpdir(), 'viaduct-cacher-'));
afterAll(() => rmSync(folder, { recursive: true }));
const PATH = join(folder, 'data.db');

function sql(statements: string): void {
  const database = new DatabaseSync(PATH);
  database.exec(statements);
  database.close();
}

beforeEach(() => {
  rmSync(PATH, { force: true });
  sql(`CREATE TABLE gw (id INTEGER PRIMARY KEY, host CHAR(64), cost INTEGER, note TEXT);
    INSERT INTO gw VALUES (1, 'gw1', 5, NULL), (2, 'gw2', 7, 'fine')`);
});

function script(more: string, body: string, params = ''): string {
  const spec = [
    'id=gws',
    `db_url=sqlite://${PATH}`,
    'cachedb_url=local://',
    'table=gw',
    'key=id',
    ...more.split('|'),
  ];
  return `${['signaling', 'sl', 'sql_cacher', 'cachedb_local', 'db_sqlite'].map((it) => `loadmodule "${it}.so"`).join('\n')}
    modparam("sql_cacher", "cache_table", "${spec.filter((it) => it !== '').join('\n')}")
    ${params}
    route { ${body} }`;
}

const SHOW =
  '$var(k) = 2; xlog("$sql_cached_value(gws:host:$var(k)) $sql_cached_value(gws:cost:1) $sql_cached_value(gws:note:1) $sql_cached_value(gws:host:9)");';

async function show(server: ScriptUnderTest, callId: string): Promise<string> {
  server.peers[0]!.request('OPTIONS', { callId });
  await server.settle();
  return server.lines.at(-1)!;
}

describe('sql_cacher', () => {
  it('keeps a whole table, reads it anew by time and by MI', async () => {
    const params =
      'modparam("sql_cacher", "full_caching_expire", 100)\nmodparam("sql_cacher", "reload_interval", 10)';
    await using server = await ScriptUnderTest.run(script('', SHOW, params));
    server.peer('192.0.2.7');
    expect(await show(server, '1')).toBe('gw2 5 <null> <null>');
    sql("UPDATE gw SET cost = 6; INSERT INTO gw VALUES (9, 'gw9', 1, NULL); DELETE FROM gw WHERE id = 2");
    expect(await show(server, '2')).toBe('gw2 5 <null> <null>');
    expect(await server.command('sql_cacher_reload', { id: 'gws', key: '1' })).toBe('OK');
    expect(await show(server, '3')).toBe('gw2 6 <null> <null>');
    await server.clock.advanceAsync(90_000);
    expect(await show(server, '4')).toBe('<null> 6 <null> gw9');
    sql('UPDATE gw SET cost = 8');
    expect(await server.command('sql_cacher:reload', { id: 'gws' })).toBe('OK');
    expect(await show(server, '5')).toBe('<null> 8 <null> gw9');
    await expect(server.command('sql_cacher:reload', { id: 'x' })).rejects.toThrow('Entry not found');
    await expect(server.command('sql_cacher:reload', { id: 'gws', key: '77' })).rejects.toThrow(
      'SQL key not found',
    );
  });

  it('reads rows when they are wanted, and forgets them in time', async () => {
    const more = 'key_type=int|columns=host cost note|on_demand=1|expire=30';
    await using server = await ScriptUnderTest.run(script(more, SHOW));
    server.peer('192.0.2.7');
    expect(await show(server, '1')).toBe('gw2 5 <null> <null>');
    sql('UPDATE gw SET cost = 6');
    expect(await show(server, '2')).toBe('gw2 5 <null> <null>');
    await server.clock.advanceAsync(31_000);
    expect(await show(server, '3')).toBe('gw2 6 <null> <null>');
    sql('UPDATE gw SET cost = 7');
    await server.command('sql_cacher:reload', { id: 'gws' });
    expect(await show(server, '4')).toBe('gw2 7 <null> <null>');
  });

  it('puts all rows into AVPs, and tells what is not there', async () => {
    const body =
      `$var(n) = sql_cache_dump("gws", "host,cost", "$avp(h),$avp(c)"); xlog("$rc $(avp(h)[*]) $avp(c)");
      sql_cache_dump("gws", "shoe", "$avp(h)"); xlog("$rc");
      xlog("$sql_cached_value(gws:shoe:1) $sql_cached_value(none:host:1)");`.replace('$var(n) = ', '');
    await using server = await ScriptUnderTest.run(script('columns=host cost', body));
    server.peer('192.0.2.7');
    await show(server, '1');
    expect(server.lines).toEqual([
      '2 gw1, gw2 5',
      '-1',
      'sql_cacher: gws has no column shoe',
      'sql_cacher: there is no cache_table none',
      '<null> <null>',
    ]);
  });

  it('says what is wrong with its parameters', async () => {
    const load = (more: string, replace: [string, string] = ['', '']) =>
      ScriptUnderTest.run(script(more, 'exit;').replace(...replace));
    await expect(load('shoe=1')).rejects.toThrow(/"shoe=1" means nothing/);
    await expect(load('columns=host shoe')).rejects.toThrow(/no column shoe/);
    await expect(load('', ['key=id', ''])).rejects.toThrow(/id, table and key must be given/);
    await expect(load('', ['loadmodule "cachedb_local.so"', ''])).rejects.toThrow(/there is no cache local/);
  });
});
