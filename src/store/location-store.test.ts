import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Binding, LocationStore } from '../core/registrar/location-store.ts';
import { MemoryLocation } from './memory/location.ts';
import { Database } from './sqlite/database.ts';
import { SqliteLocation } from './sqlite/location.ts';

let folder: string;
let databases: Database[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'viaduct-store-'));
  databases = [];
});

afterEach(async () => {
  for (const database of databases) await database[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function openSqlite(limit?: number): SqliteLocation {
  const database = Database.open(join(folder, 'viaduct.db'));
  databases.push(database);
  return new SqliteLocation(database, limit);
}

function binding(aor: string, contact: string, parts: Partial<Binding> = {}): Binding {
  return {
    aor,
    contact,
    expiresAt: 1_800_000_000_000,
    q: 500,
    callId: 'c@host',
    cseq: 7,
    path: ['<sip:edge.example.com;lr>'],
    received: { transport: 'tcp', address: '2001:db8::7', port: 40000 },
    listener: 'udp:10.0.0.34:5060',
    connectionId: 3,
    bootId: 'boot',
    natted: true,
    instance: 'urn:uuid:1',
    regId: 1,
    userAgent: 'Phone "1"',
    updatedAt: 1_700_000_000_000,
    ...parts,
  };
}

const ALICE = 'sip:alice@example.com';
const BOB = 'sip:bob@example.com';

async function contacts(store: LocationStore): Promise<string[]> {
  const found: string[] = [];
  for await (const { contact } of store.all()) found.push(contact);
  return found.sort();
}

describe.each<[string, (limit?: number) => LocationStore]>([
  ['memory', (limit) => new MemoryLocation(limit)],
  ['sqlite', openSqlite],
])('a location store in %s', (_name, open) => {
  it('finds what was saved, as it was', async () => {
    const store = open();
    const saved = [
      binding(ALICE, 'sip:a@192.0.2.1'),
      binding(ALICE, 'sip:b@192.0.2.1', { instance: '', regId: 0 }),
    ];
    await store.save(ALICE, saved);
    expect(await store.find(ALICE)).toEqual(saved);
    expect(await store.count()).toBe(2);
  });

  it('finds nothing where nothing is, whatever the name', async () => {
    const store = open();
    for (const aor of ['sip:nobody@example.com', '', '__proto__', 'constructor']) {
      expect(await store.find(aor)).toEqual([]);
    }
  });

  it('puts new bindings in place of the old', async () => {
    const store = open();
    await store.save(ALICE, [binding(ALICE, 'sip:a@192.0.2.1'), binding(ALICE, 'sip:b@192.0.2.1')]);
    await store.save(BOB, [binding(BOB, 'sip:bob@192.0.2.1')]);
    await store.save(ALICE, [binding(ALICE, 'sip:c@192.0.2.1')]);
    expect(await contacts(store)).toEqual(['sip:bob@192.0.2.1', 'sip:c@192.0.2.1']);
    expect(await store.count()).toBe(2);
  });

  it('removes an address-of-record with an empty list', async () => {
    const store = open();
    await store.save(ALICE, [binding(ALICE, 'sip:a@192.0.2.1')]);
    await store.save(ALICE, []);
    await store.save(BOB, []);
    expect([await store.find(ALICE), await store.count(), await contacts(store)]).toEqual([[], 0, []]);
  });

  it('keeps every byte of a name', async () => {
    const store = open();
    const aor = 'sip:\u00e9\u0000\'"\u00ff@example.com';
    const saved = [binding(aor, "sip:\u00c3\u00a9'%00@192.0.2.1")];
    await store.save(aor, saved);
    expect(await store.find(aor)).toEqual(saved);
  });

  it('may be changed while all of it is walked', async () => {
    const store = open();
    for (let i = 0; i < 100; i++)
      await store.save(`sip:${i}@x`, [binding(`sip:${i}@x`, `sip:${i}@192.0.2.1`)]);
    for await (const { aor } of store.all()) await store.save(aor, []);
    expect(await store.count()).toBe(0);
  });

  it('is bounded, and changes nothing where it is full', async () => {
    const store = open(2);
    await store.save(ALICE, [binding(ALICE, 'sip:a@192.0.2.1'), binding(ALICE, 'sip:b@192.0.2.1')]);
    const over = async () => await store.save(BOB, [binding(BOB, 'sip:bob@192.0.2.1')]);
    await expect(over()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await store.save(ALICE, [binding(ALICE, 'sip:c@192.0.2.1')]);
    await over();
    expect(await contacts(store)).toEqual(['sip:bob@192.0.2.1', 'sip:c@192.0.2.1']);
  });
});

describe('a location store in a file', () => {
  it('has after a restart what it had before', async () => {
    const before = openSqlite();
    const saved = [binding(ALICE, 'sip:\u00e9@192.0.2.1')];
    await before.save(ALICE, saved);
    await before.save(BOB, [binding(BOB, 'sip:bob@192.0.2.1')]);
    await before.save(BOB, []);
    await databases[0]![Symbol.asyncDispose]();
    const after = openSqlite();
    expect([after.find(ALICE), after.find(BOB), after.count()]).toEqual([saved, [], 1]);
  });

  it('tells another worker of each change, who then has it too', async () => {
    const [one, two] = [openSqlite(), openSqlite()];
    one.committed = (aor, text) => two.learn(aor, text);
    await one.save(ALICE, [binding(ALICE, 'sip:a@192.0.2.1')]);
    await one.save(BOB, [binding(BOB, 'sip:b@192.0.2.1')]);
    await one.save(BOB, []);
    expect(two.find(ALICE)).toEqual([binding(ALICE, 'sip:a@192.0.2.1')]);
    expect(await contacts(two)).toEqual(['sip:a@192.0.2.1']);
  });

  it('reads what another has written of which nothing was heard', async () => {
    const [one, two] = [openSqlite(), openSqlite()];
    await one.save(ALICE, [binding(ALICE, 'sip:a@192.0.2.1')]);
    expect([two.find(ALICE), two.read(ALICE)]).toMatchObject([[], [{ contact: 'sip:a@192.0.2.1' }]]);
    expect(two.read(BOB)).toEqual([]);
  });

  it('commits what was under way when it ends', async () => {
    const before = openSqlite();
    const saving = before.save(ALICE, [binding(ALICE, 'sip:a@192.0.2.1')]);
    await before[Symbol.asyncDispose]();
    await databases[0]![Symbol.asyncDispose]();
    await saving;
    expect(openSqlite().count()).toBe(1);
  });

  it('tells nobody of a change before it is in the file', async () => {
    const [one, two] = [openSqlite(), openSqlite()];
    const saving = one.save(ALICE, [binding(ALICE, 'sip:a@192.0.2.1')]);
    expect([one.find(ALICE), two.read(ALICE)]).toEqual([[], []]);
    await saving;
    expect([one.find(ALICE), two.read(ALICE)]).toMatchObject([[{ aor: ALICE }], [{ aor: ALICE }]]);
  });

  it('keeps its memory as it is where the file cannot be written', async () => {
    const store = openSqlite();
    const saved = [binding(ALICE, 'sip:a@192.0.2.1')];
    await store.save(ALICE, saved);
    await databases[0]![Symbol.asyncDispose]();
    await expect(store.save(ALICE, [])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(store.find(ALICE)).toEqual(saved);
  });
});
