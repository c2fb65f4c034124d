import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noteSkipped } from '../cloud/requirements.ts';

const DISK_KB = 512;
const PROGRAM = join(import.meta.dirname, 'fill-disk.ts');

/** A disk of its own, seen by one process, gone with it. */
const IN_SMALL_DISK = `mount -t tmpfs -o size=${DISK_KB}k tmpfs "$1" && exec "$2" "$3" "$1"`;

describe('a recording on a disk that fills up', () => {
  it('stops with ENOSPC, keeps what is whole, and the call goes on', () => {
    const directory = mkdtempSync(join(tmpdir(), 'viaduct-disk-'));
    const rights = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
    const inside = ['sh', '-c', IN_SMALL_DISK, 'sh', directory, process.execPath, PROGRAM];
    const run = spawnSync('unshare', [...rights, ...inside], { encoding: 'utf8' });
    if (run.error || /unshare|mount/.test(run.stderr)) {
      noteSkipped('recording to a full disk', run.error?.message ?? run.stderr.trim());
      return;
    }
    const { event, files, bytes, captured, mixed, heard, packets } = JSON.parse(run.stdout);
    expect(event).toMatchObject({ event: 'failed', fault: 'ENOSPC' });
    expect(heard).toBe(packets);
    expect(files).toEqual(['call@example.com=from-tag.pcap', 'call@example.com=from-tag.wav']);
    expect(bytes).toBeGreaterThan(DISK_KB * 500);
    expect(bytes).toBeLessThanOrEqual(DISK_KB * 1024);
    // Ten seconds of both parties at the least, and the capture ends with a whole packet.
    expect(captured).toBeGreaterThan(500);
    expect(mixed).toBeGreaterThan(40_000);
  });
});
