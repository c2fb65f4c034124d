import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from './database.ts';
import { SqliteLocation } from './location.ts';
import { Meta } from './meta.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'viaduct-db-'));
  path = join(folder, 'data', 'viaduct.db');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

async function make(): Promise<void> {
  await Database.open(path)[Symbol.asyncDispose]();
}

describe('a data file', () => {
  it('is made with its folder, and nobody else may read it', async () => {
    await make();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700);
  });

  it('is opened again as it is', async () => {
    {
      await using database = Database.open(path);
      new Meta(database).set('key', Buffer.from('value'));
    }
    await using database = Database.open(path);
    expect(new Meta(database).get('key')?.toString()).toBe('value');
  });

  it('of a newer version is refused', async () => {
    await make();
    const other = new DatabaseSync(path);
    other.exec('PRAGMA user_version = 999');
    other.close();
    expect(() => Database.open(path)).toThrowError(expect.objectContaining({ code: 'STORE_NEWER' }));
  });

  it('that is none is refused, and says so', async () => {
    await make();
    writeFileSync(path, 'this is something else\n'.repeat(500));
    expect(() => Database.open(path)).toThrowError(
      expect.objectContaining({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining(path),
        hint: expect.stringContaining('no data file of Viaduct'),
      }),
    );
  });

  it('that is damaged is refused', async () => {
    {
      await using database = Database.open(path);
      const insert = database.prepare('INSERT INTO location VALUES (?, ?)');
      for (let i = 0; i < 200; i++) insert.run(`sip:${i}@example.com`, JSON.stringify(['x'.repeat(500)]));
    }
    // The first page, which describes the tables, stays whole.
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xff, 4096));
    await using database = Database.open(path);
    expect(() => new SqliteLocation(database)).toThrowError(
      expect.objectContaining({ code: 'STORE_UNAVAILABLE', hint: expect.stringContaining('damaged') }),
    );
  });

  it('with a row that cannot be read is refused', async () => {
    await using database = Database.open(path);
    database.prepare('INSERT INTO location VALUES (?, ?)').run('sip:a@example.com', '[{');
    expect(() => new SqliteLocation(database)).toThrowError(
      expect.objectContaining({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('location') }),
    );
  });

  it('that cannot be made is refused', () => {
    writeFileSync(join(folder, 'data'), 'a file where the folder should be');
    expect(() => Database.open(path)).toThrowError(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
  });

  it('that another process has locked is refused, and says so', async () => {
    await make();
    const other = new DatabaseSync(path);
    other.exec('BEGIN EXCLUSIVE');
    try {
      expect(() => Database.open(path)).toThrowError(
        expect.objectContaining({
          code: 'STORE_UNAVAILABLE',
          hint: expect.stringContaining('another process'),
        }),
      );
    } finally {
      other.close();
    }
  });
});

describe('meta', () => {
  it('makes a value once', async () => {
    await using database = Database.open(path);
    await using second = Database.open(path);
    const made = new Meta(database).getOrCreate('secret', () => Buffer.from('first'));
    const again = new Meta(second).getOrCreate('secret', () => Buffer.from('second'));
    expect([made.toString(), again.toString()]).toEqual(['first', 'first']);
    expect(new Meta(second).get('other')).toBeUndefined();
  });

  it('puts a new value in place of the old', async () => {
    await using database = Database.open(':memory:');
    const meta = new Meta(database);
    for (const value of ['a', 'b']) meta.set('key', Buffer.from(value));
    expect(meta.get('key')?.toString()).toBe('b');
  });
});
