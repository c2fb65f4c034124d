import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const folder = mkdtempSync(join(tmpdir(), 'viaduct-sqlops-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PATH = join(folder, 'data.db');

beforeEach(() => {
  rmSync(PATH, { force: true });
  const database = new DatabaseSync(PATH);
  database.exec(`CREATE TABLE gw (id INTEGER PRIMARY KEY, name CHAR(64) UNIQUE, cost FLOAT, big BIGINT, note TEXT, since DATETIME);
    INSERT INTO gw VALUES (1, 'alpha', 0.5, 4294967297, NULL, NULL), (2, 'beta', 2.25, 7, 'it''s', NULL);
    CREATE TABLE people (key CHAR(64), first_name CHAR(64), level CHAR(10));
    INSERT INTO people VALUES ('u-1', 'Jürgen', '12');`);
  database.close();
});

async function run(body: string, params = ''): Promise<readonly string[]> {
  const modules = ['signaling', 'sl', 'tm', 'sqlops', 'db_sqlite', 'db_text'];
  const other = join(folder, 'text');
  mkdirSync(other, { recursive: true });
  await using server = await ScriptUnderTest.run(`
    ${modules.map((name) => `loadmodule "${name}.so"`).join('\n')}
    modparam("sqlops", "db_url", "sqlite://${PATH}")
    modparam("sqlops", "db_url", "1 text://${other}")
    ${params}
    route { ${body} }
    route[later] { xlog("later $avp(n) $var(v)"); if ($var(gone) == 1) xlog("kept"); }`);
  server.peer('192.0.2.7').request('OPTIONS');
  await server.settle();
  return server.lines;
}

describe('sqlops', () => {
  it('puts what a statement finds into AVPs, the first row first', async () => {
    const lines = await run(`
      sql_query("SELECT name, cost, note FROM gw ORDER BY id", "$avp(n);$avp(c); $avp(x)"); xlog("$rc");
      xlog("$(avp(n)[*]) $avp(c) $avp(x)");
      sql_query("SELECT id FROM gw WHERE name='beta'"); xlog("$rc $avp(1)");
      sql_query("SELECT id FROM gw WHERE name='$fU'"); xlog("$rc");
      sql_query("DELETE FROM gw WHERE id=1"); xlog("$rc");
      sql_query("SELECT shoe FROM gw"); xlog("$rc");`);
    expect(lines).toEqual([
      '1',
      'alpha, beta 0.5 <null>',
      '1 2',
      '-2',
      '1',
      expect.stringContaining('no such column: shoe'),
      '-1',
    ]);
  });

  it('puts one row into any variables, with NULL as it is', async () => {
    const lines = await run(
      `sql_query_one("SELECT name, note, big FROM gw ORDER BY id", "$var(n);$var(x);$avp(b)");
      if ($var(x) == NULL) xlog("$rc $var(n) null $avp(b)");
      sql_query_one("SELECT name, note FROM gw", "$var(n)"); xlog("$rc");`,
      'modparam("sqlops", "bigint_to_str", 1)',
    );
    expect(lines).toEqual(['1 alpha null 4294967297', 'sqlops: 2 columns, and 1 variables', '-1']);
  });

  it('selects, inserts, updates, replaces and deletes by JSON', async () => {
    const lines = await run(`
      $var(who) = "o'hara";
      sql_insert("gw", '[{"id":3},{"name":"$var(who)"},{"cost":1},{"note":null}]'); xlog("$rc");
      sql_select('["name","cost"]', "gw", '[{"name":"$var(who)"}]', , "$avp(n);$avp(c)"); xlog("$rc $avp(n) $avp(c)");
      sql_select('["name"]', "gw", '[{"id":{">":1}},{"note":{"!=":null}}]', , "$avp(m)"); xlog("$rc $avp(m)");
      sql_select('["count(*)"]', "gw", , , "$avp(count)"); xlog("$avp(count)");
      sql_update('[{"note":"new"},{"cost":9}]', "gw", '[{"id":{">=":2}}]'); xlog("$rc");
      sql_select_one('["note","id"]', "gw", , "cost", "$var(note);$var(id)"); xlog("$var(note) $var(id)");
      sql_replace("gw", '[{"id":1},{"name":"gamma"}]'); xlog("$rc");
      sql_select_one('["name"]', "gw", '[{"id":1}]', , "$var(name)"); xlog("$var(name)");
      sql_delete("gw", '[{"id":{"<":3}}]'); xlog("$rc");
      sql_select(, "gw", , "id", "$avp(all)"); xlog("$(avp(all)[*])");
      sql_select('["name"]', "gw", '[{"id":77}]', , "$avp(z)"); xlog("$rc");`);
    expect(lines).toEqual(['1', "1 o'hara 1", '1 beta', '3', '1', '<null> 1', '1', 'gamma', '1', '3', '-2']);
  });

  it('says what is wrong with JSON, columns and numbers of databases, and survives it', async () => {
    const lines = await run(`
      sql_insert("gw", "name=x"); xlog("$rc");
      sql_select("name", "gw", , , "$avp(n)"); xlog("$rc");
      sql_delete("gw", '[{"id":{"; DROP TABLE gw; --":1}}]'); xlog("$rc");
      sql_select('["name\\"; DROP"]', "gw", , , "$avp(n)"); xlog("$rc");
      sql_query("SELECT 1", "$avp(n)", 7); xlog("$rc");
      sql_replace("t", '[{"a":1}]', 1); xlog("$rc");`);
    expect(lines.filter((line) => line === '-1')).toHaveLength(6);
    expect(lines.join('\n')).toMatch(/write \[{"a":"x"},{"b":1}\]/);
    expect(lines).toContain('sql_query: there is no database 7');
    await expect(run('sql_query("SELECT 1", "$var(n)");')).rejects.toThrow(/variable of the kind \$avp/);
    await expect(run('sql_query_one("SELECT 1", "n");')).rejects.toThrow(/"n" is no variable/);
    await expect(run('exit;', 'modparam("sqlops", "db_url", "nowhere")')).rejects.toThrow(/no database URL/);
    const server = 'modparam("sqlops", "db_url", "2 mysql://u:p@h/d")';
    await expect(run('exit;', server)).rejects.toThrow(
      /:\d+:\d+: no loaded module serves mysql:.*db_mysql\.so/,
    );
  });

  it('waits for a query and goes on in another route', async () => {
    expect(await run('async(sql_query("SELECT name FROM gw WHERE id=2", "$avp(n)"), later);')).toEqual([
      'later beta <null>',
    ]);
    const one =
      '$var(gone) = 1; async(sql_query_one("SELECT name FROM gw WHERE id=$var(gone)", "$var(v)"), later);';
    expect(await run(one)).toEqual(['later <null> alpha']);
  });

  it('keeps preferences of users', async () => {
    const lines = await run(`
      $avp(cfna) = "sip:mobile@example.com"; $avp(limit) = 5;
      sql_avp_store("$fu", "$avp(cfna)"); sql_avp_store("$fu/username", "$avp(limit)"); xlog("$rc");
      $avp(cfna) := NULL; $avp(limit) := NULL;
      sql_avp_load("$fu", "$avp(cfna)"); xlog("$rc $avp(cfna)");
      sql_avp_load("$fu/username", "*", , "c_"); xlog("$rc $avp(c_cfna) $avp(c_limit)");
      if ($avp(c_limit) == 5) xlog("a number");
      sql_avp_delete("$fu/username", "$avp(cfna)"); xlog("$rc");
      $avp(cfna) := NULL;
      sql_avp_load("$fu/username", "$avp(cfna)"); xlog("$rc $avp(cfna)");
      sql_avp_load("$tu", "$avp(limit)"); xlog("$rc");`);
    expect(lines).toEqual([
      '1',
      '1 sip:mobile@example.com',
      '1 sip:mobile@example.com 5',
      'a number',
      '1',
      '-1 <null>',
      '-1',
    ]);
  });

  it('reads preferences out of other tables', async () => {
    const scheme = (more: string) =>
      `modparam("sqlops", "db_scheme", "people:table=people;uuid_col=key;value_col=${more}")`;
    const body = `$var(id) = "u-1"; sql_avp_load("$var(id)", "$avp(v)/$people"); xlog("$rc $avp(v)");
      if ($avp(v) == 12) xlog("a number");`;
    expect(await run(body, scheme('first_name'))).toEqual([
      '1 Jürgen',
      expect.stringContaining('compares different kinds'),
    ]);
    expect(await run(body, scheme('level;value_type=integer'))).toEqual(['1 12', 'a number']);
    await expect(run(body, scheme('x;shoe=1'))).rejects.toThrow(/shoe=1 means nothing in a scheme/);
    await expect(run('sql_avp_load("$ru", "$var(x)");')).rejects.toThrow(/names no AVP/);
  });

  it('needs no database as long as nothing is asked', async () => {
    await using server = await ScriptUnderTest.run(`loadmodule "sqlops.so"
      route { xlog("on"); sql_query("SELECT 1", "$avp(a)"); xlog("$rc"); }`);
    server.peer('192.0.2.7').request('OPTIONS');
    await server.settle();
    expect(server.lines.at(0)).toBe('on');
    expect(server.lines.at(-1)).toBe('-1');
  });
});
