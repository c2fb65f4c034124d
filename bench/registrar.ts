// npm run bench:registrar: what a REGISTER costs in this process, without sockets, however many are registered already: in
// memory and in SQLite, with digest and without. The cheaper half of all batches counts.
//   --bindings 100,10000,100000
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { LocationStore } from '../src/core/registrar/location-store.ts';
import { MemoryLocation } from '../src/store/memory/location.ts';
import { Database } from '../src/store/sqlite/database.ts';
import { SqliteLocation } from '../src/store/sqlite/location.ts';
import { SqliteSubscribers } from '../src/store/sqlite/subscribers.ts';
import { RegistrarUnderTest } from './registrar-under-test.ts';
import { textTable } from './text-table.ts';

const { values } = parseArgs({ options: { bindings: { type: 'string', default: '100,10000,100000' } } });
const steps = values.bindings.split(',').map(Number);

/** Refreshes that are measured at each step, and users of the bench with digest. */
const MEASURED = 6400;

const rows: string[][] = [];
for (const store of ['memory', 'SQLite'] as const) {
  for (const digest of [false, true]) {
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-registrar-'));
    const database = Database.open(join(folder, 'bench.db'));
    try {
      const location: LocationStore =
        store === 'memory' ? new MemoryLocation() : new SqliteLocation(database);
      const subscribers = digest ? new SqliteSubscribers(database) : undefined;
      await using registrar = new RegistrarUnderTest(location, subscribers);
      const users = digest ? [MEASURED] : steps;
      if (subscribers)
        for (let i = 0; i < MEASURED; i++) subscribers.add(`u${i}`, 'example.com', 'correct-horse');
      let from = 0;
      for (const bindings of users) {
        const fresh = await registrar.register(from, bindings - from);
        for (let warm = 0; from === 0 && warm < 3; warm++) {
          for (let at = 0; at < MEASURED; at += bindings)
            await registrar.register(0, Math.min(bindings, MEASURED));
        }
        const again: number[] = [];
        for (let at = 0; at < MEASURED; at += bindings) {
          again.push(await registrar.register(0, Math.min(bindings, MEASURED)));
        }
        const refresh = again.toSorted((a, b) => a - b)[Math.floor(again.length / 2)]!;
        const kind = digest ? 'digest' : 'none';
        rows.push([
          store,
          kind,
          String(bindings),
          fresh.toFixed(1),
          refresh.toFixed(1),
          String(registrar.failed),
        ]);
        from = bindings;
      }
    } finally {
      await database[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
console.log(textTable(['store', 'password', 'bindings', 'µs new', 'µs refresh', 'failed'], rows));
