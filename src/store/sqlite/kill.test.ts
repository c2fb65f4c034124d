import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { Database } from './database.ts';
import { SqliteLocation } from './location.ts';

const KILL_AFTER = 10_000;

/** Saves addresses-of-record, some of them together, and names each on stdout once it is saved, until it is killed. */
const WRITER = `
  import { writeSync } from 'node:fs';
  const { Database } = await import(${JSON.stringify(new URL('./database.ts', import.meta.url))});
  const { SqliteLocation } = await import(${JSON.stringify(new URL('./location.ts', import.meta.url))});
  const store = new SqliteLocation(Database.open(process.argv[1]));
  const received = { transport: 'udp', address: '198.51.100.7', port: 40000 };
  const save = async (i) => {
    const aor = 'sip:u' + i + '@example.com';
    await store.save(aor, [{ aor, contact: 'sip:u' + i + '@192.0.2.1', expiresAt: 2e12, q: 1000, callId: 'c', cseq: 1,
      path: [], received, listener: 'udp', connectionId: 0, bootId: 'b', natted: false, instance: '', regId: 0,
      userAgent: '', updatedAt: 0 }]);
    writeSync(1, i + '\\n');
  };
  for (let i = 0, group = 1; i < 100_000; i += group, group = (i % 7) + 1) {
    await Promise.all(Array.from({ length: group }, (_, k) => save(i + k)));
  }
`;

it('a kill -9 loses no acknowledged binding', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'viaduct-kill-'));
  try {
    const path = join(folder, 'viaduct.db');
    const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    let acknowledged = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      expect(Number(line)).toBe(acknowledged++);
      if (acknowledged === KILL_AFTER) child.kill('SIGKILL');
    }
    expect(await exited).toEqual([null, 'SIGKILL']);
    expect(acknowledged).toBeGreaterThanOrEqual(KILL_AFTER);

    await using database = Database.open(path);
    const store = new SqliteLocation(database);
    for (let i = 0; i < acknowledged; i++) expect(store.find(`sip:u${i}@example.com`)).toHaveLength(1);
    // Those that were being written when the process died may be there, too.
    expect(store.count() - acknowledged).toBeLessThanOrEqual(7);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
