import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { type Database, equal } from './database.ts';
import { DbUrl } from './db-url.ts';
import { secondsOf, sqlTime } from './sql-text.ts';
import { SqliteDatabase } from './sqlite-database.ts';
import { column, requireTable, type TableLayout } from './table-layout.ts';
import { TextDatabase } from './text-database.ts';

const folder = mkdtempSync(join(tmpdir(), 'viaduct-db-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PEOPLE: TableLayout = {
  name: 'people',
  version: 3,
  columns: [
    column('id', 'id'),
    column('name', 'text'),
    column('age', 'int', 0),
    column('note', 'text', null),
    column('seen', 'datetime', 0),
  ],
  unique: [['name']],
};

function sqlite(file: string): SqliteDatabase {
  return SqliteDatabase.open(DbUrl.parse(`sqlite://${join(folder, file)}`)!, {
    busyMs: 500,
    pragmas: ['journal_mode=wal'],
    extensions: [],
  });
}

function text(name: string, immediate = false): TextDatabase {
  return new TextDatabase(DbUrl.parse(`text://${name}`)!, folder, immediate);
}

async function fill(database: Database): Promise<void> {
  await requireTable(database, PEOPLE);
  await database.insert('people', { name: 'bob', age: 44, note: null, seen: new Date(1_700_000_000_000) });
  await database.insert('people', { name: 'al:ice\n\\x', age: 31, note: 'J\xc3\xbcrgen', seen: 0 });
}

describe.each<[string, () => Database]>([
  ['db_sqlite', () => sqlite('suite.db')],
  ['db_text', () => text('suite')],
])('%s', (_name, open) => {
  it('makes the table that is missing, and keeps rows in it', async () => {
    const database = open();
    await fill(database);
    expect(await database.columnsOf('people')).toEqual(['id', 'name', 'age', 'note', 'seen']);
    expect(await database.columnsOf('nobody')).toBeUndefined();
    await database[Symbol.asyncDispose]();

    const again = open();
    await requireTable(again, PEOPLE);
    expect(await again.select('people', { order: 'age' })).toMatchObject([
      { id: 2, name: 'al:ice\n\\x', age: 31, note: 'J\xc3\xbcrgen' },
      { id: 1, name: 'bob', age: 44, note: null, seen: 1_700_000_000 },
    ]);
    const older = await again.select('people', {
      columns: ['name'],
      where: [
        { column: 'age', is: '>=', value: 40 },
        { column: 'note', is: '=', value: null },
      ],
    });
    expect(older).toEqual([{ name: 'bob' }]);
    expect(await again.update('people', { age: 45 }, equal({ name: 'bob' }))).toBe(1);
    await again.upsert('people', ['name'], { name: 'bob', note: 'old', age: 46, seen: 0 });
    await again.upsert('people', ['name'], { name: 'carol', note: null, age: 1, seen: 0 });
    expect(await again.select('people', { columns: ['id', 'name', 'age'], order: 'id' })).toMatchObject([
      { id: 1, age: 46 },
      { id: 2 },
      { id: expect.any(Number), name: 'carol' },
    ]);
    expect(await again.delete('people', [{ column: 'name', is: '!=', value: 'bob' }])).toBe(2);
    expect(await again.select('people', { columns: ['note'] })).toEqual([{ note: 'old' }]);
    await again[Symbol.asyncDispose]();
  });

  it('tells what it cannot do', async () => {
    await using database = open();
    const attempt = async (job: () => unknown) => await job();
    await expect(attempt(() => database.select('nobody'))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    await expect(
      attempt(() => database.select('people', { where: equal({ 'a" OR 1=1 --': 1 }) })),
    ).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(
      attempt(() => database.select('people', { where: [{ column: 'age', is: '= 1 OR 1 =', value: 1 }] })),
    ).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(
      attempt(() => requireTable(database, PEOPLE, 'people', ['name', 'shoe'])),
    ).rejects.toMatchObject({ message: expect.stringContaining('no column shoe') });
  });
});

describe('db_sqlite', () => {
  it('reads a file that another program wrote, and is read by it', () => {
    const path = join(folder, 'other.db');
    const other = new DatabaseSync(path);
    other.exec(`CREATE TABLE t (a CHAR(64) DEFAULT '' NOT NULL, n BIGINT, d DATETIME, b BLOB);
      INSERT INTO t VALUES ('é', 9007199254740993, '2024-05-06 07:08:09', x'ff00')`);
    const database = sqlite('other.db');
    expect(database.select('t')).toEqual([
      { a: '\xc3\xa9', n: '9007199254740993', d: secondsOf('2024-05-06 07:08:09'), b: '\xff\0' },
    ]);
    expect(database.raw("SELECT count(*), 'x' AS x, 'y' AS x FROM t")).toMatchObject({
      columns: ['count(*)', 'x', 'x'],
      rows: [[1, 'x', 'y']],
    });
    database.insert('t', { a: '\xc3\xbc', n: 5 });
    expect(other.prepare('SELECT a, typeof(n) AS kind FROM t WHERE n = 5').get()).toEqual({
      a: 'ü',
      kind: 'integer',
    });
    other.close();
  });

  it('takes nothing of a transaction that fails', async () => {
    const database = sqlite('suite.db');
    const before = await database.select('people');
    const job = () =>
      database.together(() => {
        database.insert('people', { name: 'dave' });
        database.insert('people', { name: 'dave' });
      });
    expect(job).toThrow(/UNIQUE/);
    expect(await database.select('people')).toEqual(before);
  });

  it('says which file is none', () => {
    writeFileSync(join(folder, 'broken.db'), 'this is no database at all, whatever its name may say');
    expect(() => sqlite('broken.db')).toThrow(/broken\.db: file is not a database/);
  });
});

describe('db_text', () => {
  it('reads what the manual shows, in OpenSIPS’s words', () => {
    const rows = text('shown');
    const file = join(folder, 'shown', 'demo');
    rows.create('empty', PEOPLE);
    writeFileSync(
      file,
      'id(int,auto) name(str) flag(double) desc(str,null)\n1:nick:0.34:a\\tgood\\: friend\n2:cole:-3.75:\n',
    );
    expect(rows.select('demo')).toEqual([
      { id: 1, name: 'nick', flag: 0.34, desc: 'a\tgood: friend' },
      { id: 2, name: 'cole', flag: -3.75, desc: null },
    ]);
    rows.insert('demo', { name: 'bob', flag: 2.5, desc: 'x:y' });
    expect(readFileSync(file, 'latin1')).not.toContain('bob');
    rows.flush();
    expect(readFileSync(file, 'latin1').split('\n')[3]).toBe('3:bob:2.50:x\\:y');
  });

  it('sees changes of the file where it is asked to, and says where one is broken', () => {
    const tables = text('shown', true);
    expect(tables.select('demo')).toHaveLength(3);
    tables.delete('demo', equal({ id: 3 }));
    const file = join(folder, 'shown', 'demo');
    expect(readFileSync(file, 'latin1')).not.toContain('bob');
    writeFileSync(file, 'id(int) name(str)\n1:a\n2:b:c\n');
    expect(() => tables.select('demo')).toThrow(/demo:3: 3 fields, and 2 columns/);
  });
});

it('writes and reads local time', () => {
  const now = new Date(1_700_000_000_000);
  expect(secondsOf(sqlTime(now))).toBe(1_700_000_000);
});
