import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, equal } from '../../src/script/opensips/db/database.ts';
import { DbUrl } from '../../src/script/opensips/db/db-url.ts';
import { connectMysql } from '../../src/script/opensips/db/mysql-database.ts';
import { connectPostgres } from '../../src/script/opensips/db/postgres-database.ts';
import { ScriptUnderTest } from '../../src/script/opensips/testing/script-under-test.ts';
import { noteSkipped } from '../cloud/requirements.ts';
import { type DatabaseServer, missingServer, startServer } from './database-servers.ts';

const SETTINGS = { timeoutMs: 10_000, retries: 1, now: () => 0, took: () => {}, connection: () => {} };

/** Tables as OpenSIPS's own schemas have them. */
const SCHEMAS = {
  mysql: `CREATE TABLE location (contact_id BIGINT(10) UNSIGNED AUTO_INCREMENT PRIMARY KEY NOT NULL, username CHAR(64) DEFAULT '' NOT NULL,
      domain CHAR(64) DEFAULT NULL, contact TEXT NOT NULL, received CHAR(255) DEFAULT NULL, path CHAR(255) DEFAULT NULL,
      expires INT(10) UNSIGNED NOT NULL, q FLOAT(10,2) DEFAULT 1.0 NOT NULL, callid CHAR(255) DEFAULT 'x' NOT NULL,
      cseq INT(11) DEFAULT 13 NOT NULL, last_modified DATETIME DEFAULT '1900-01-01 00:00:01' NOT NULL, flags INT(11) DEFAULT 0 NOT NULL,
      cflags CHAR(255) DEFAULT NULL, user_agent CHAR(255) DEFAULT '' NOT NULL, socket CHAR(64) DEFAULT NULL, methods INT(11) DEFAULT NULL,
      sip_instance CHAR(255) DEFAULT NULL, kv_store TEXT(512) DEFAULT NULL, attr CHAR(255) DEFAULT NULL);
    CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(64) UNIQUE, n BIGINT, cost DECIMAL(6,2), d DATETIME, b BLOB)`,
  postgres: `CREATE TABLE location (contact_id BIGSERIAL PRIMARY KEY NOT NULL, username VARCHAR(64) DEFAULT '' NOT NULL,
      domain VARCHAR(64) DEFAULT NULL, contact TEXT NOT NULL, received VARCHAR(255) DEFAULT NULL, path VARCHAR(255) DEFAULT NULL,
      expires INTEGER NOT NULL, q NUMERIC(10,2) DEFAULT 1.0 NOT NULL, callid VARCHAR(255) DEFAULT 'x' NOT NULL,
      cseq INTEGER DEFAULT 13 NOT NULL, last_modified TIMESTAMP WITHOUT TIME ZONE DEFAULT '1900-01-01 00:00:01' NOT NULL, flags INTEGER DEFAULT 0 NOT NULL,
      cflags VARCHAR(255) DEFAULT NULL, user_agent VARCHAR(255) DEFAULT '' NOT NULL, socket VARCHAR(64) DEFAULT NULL, methods INTEGER DEFAULT NULL,
      sip_instance VARCHAR(255) DEFAULT NULL, kv_store TEXT DEFAULT NULL, attr VARCHAR(255) DEFAULT NULL);
    CREATE TABLE t (id SERIAL PRIMARY KEY, name VARCHAR(64) UNIQUE, n BIGINT, cost NUMERIC(6,2), d TIMESTAMP, b BYTEA)`,
};

describe.each(['mysql', 'postgres'] as const)('db_%s', (kind) => {
  const missing = missingServer(kind);
  if (missing !== undefined) noteSkipped(`db_${kind}`, missing);
  let server: DatabaseServer;
  let database: Database;

  beforeAll(async () => {
    if (missing !== undefined) return;
    server = await startServer(kind);
    const connect = kind === 'mysql' ? connectMysql : connectPostgres;
    database = await connect(DbUrl.parse(server.url)!, SETTINGS, false);
    for (const statement of SCHEMAS[kind].split(/;\s*/)) await database.raw(statement);
  }, 120_000);

  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  it.skipIf(missing !== undefined)('writes and reads values of every kind', async () => {
    const seen = new Date(1_700_000_000_000);
    await database.insert('t', { name: "o'h\xc3\xa4ra", n: 4294967297, cost: 2.5, d: seen, b: 'ab' });
    await database.insert('t', { name: 'none', n: null });
    expect(await database.select('t', { order: 'id' })).toEqual([
      { id: 1, name: "o'h\xc3\xa4ra", n: 4294967297, cost: 2.5, d: 1_700_000_000, b: 'ab' },
      { id: 2, name: 'none', n: null, cost: null, d: null, b: null },
    ]);
    await database.upsert('t', ['name'], { name: 'none', n: 7 });
    const where = [
      { column: 'n', is: '<=', value: 7 },
      { column: 'd', is: '=', value: null },
    ];
    expect(await database.select('t', { columns: ['id', 'n'], where })).toEqual([{ id: 2, n: 7 }]);
    expect(await database.update('t', { n: 8 }, equal({ name: 'none' }))).toBe(1);
    expect(await database.raw("SELECT n, 'x' FROM t WHERE n = 8")).toMatchObject({ rows: [[8, 'x']] });
    expect(await database.columnsOf('t')).toEqual(['id', 'name', 'n', 'cost', 'd', 'b']);
    expect(await database.columnsOf('nowhere')).toBeUndefined();
    expect(await database.delete('t')).toBe(2);
  });

  it.skipIf(missing !== undefined)('tells what is wrong, without the password', async () => {
    await expect(database.select('nowhere')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const connect = kind === 'mysql' ? connectMysql : connectPostgres;
    const wrong = DbUrl.parse(server.url.replace(/:\d+\//, ':1/'))!;
    const fault = await connect(wrong, SETTINGS, false).then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(fault?.message).toMatch(/:\*\*\*@127\.0\.0\.1.*ECONNREFUSED/);
  });

  it.skipIf(missing !== undefined)('keeps what scripts register, and finds it after a restart', async () => {
    const script = `${['signaling', 'sl', 'tm', 'sipmsgops', 'usrloc', 'registrar', 'sqlops', `db_${kind}`].map((it) => `loadmodule "${it}.so"`).join('\n')}
      db_default_url="${server.url}"
      modparam("usrloc", "working_mode_preset", "single-instance-sql-write-through")
      route {
        if (is_method("REGISTER")) { save("location"); exit; }
        sql_query("SELECT username, contact FROM location", "$avp(u);$avp(c)"); xlog("$rc $avp(u) $avp(c)");
        lookup("location"); xlog("$rc $ru");
        async(sql_query_one("SELECT count(*) FROM location", "$var(n)"), later);
      }
      route[later] { xlog("$var(n)"); }`;
    const until = async (server: ScriptUnderTest, done: () => boolean) => {
      for (let i = 0; i < 500 && !done(); i++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        await server.settle();
      }
    };
    const first = await ScriptUnderTest.run(script);
    const phone = first.peer('192.0.2.7');
    phone.request('REGISTER', { requestUri: 'sip:example.com' });
    await until(first, () => phone.inbox.length > 0);
    expect(phone.kinds).toEqual(['200']);
    await first[Symbol.asyncDispose]();
    await using second = await ScriptUnderTest.run(script);
    second.peer('192.0.2.9').request('OPTIONS');
    await until(second, () => second.lines.length === 3);
    expect(second.lines).toEqual(['1 bob sip:ua@192.0.2.7:5060', '1 sip:ua@192.0.2.7:5060', '1']);
  });
});

it('says which package is missing', async () => {
  const { importClient } = await import('../../src/script/opensips/db/sql-server.ts');
  const load = () => Promise.reject(new Error('Cannot find package'));
  await expect(importClient('db_mysql', 'mysql2', load)).rejects.toMatchObject({
    message: 'db_mysql needs the package mysql2, which is not installed',
    hint: 'npm install mysql2',
  });
});
