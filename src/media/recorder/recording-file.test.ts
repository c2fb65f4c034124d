import { describe, expect, it } from 'vitest';
import { ChunkPool } from './chunk-pool.ts';
import { DiskQueue } from './disk-queue.ts';
import { PCAP } from './pcap.ts';
import { RecordingFile } from './recording-file.ts';
import { type RecordingFolders, RecordingPlace } from './recording-place.ts';
import { FakeFiles } from './testing/fake-files.ts';
import { readPcap } from './testing/read-capture.ts';

const HEADER = PCAP.header({ address: '192.0.2.1', port: 1 }, { address: '192.0.2.2', port: 2 });
const FOLDERS = { directory: '/rec' };

function setUp({ chunkBytes = 1024, most = 8, mostChunks = 4, folders = FOLDERS as RecordingFolders } = {}) {
  const files = new FakeFiles();
  const pool = new ChunkPool(chunkBytes, most);
  const disk = { files, pool, queue: new DiskQueue(2), mostChunks };
  const faults: (string | undefined)[] = [];
  const make = (name = 'call') => {
    const file: RecordingFile = new RecordingFile(
      disk,
      new RecordingPlace(files, folders, name, '.pcap'),
      PCAP.fileHeader,
      () => faults.push(file.fault),
    );
    return file;
  };
  return { files, pool, faults, make };
}

function payloads(file: Buffer | undefined): string[] {
  return readPcap(file!).map(({ payload }) => payload.toString('latin1'));
}

describe('RecordingFile', () => {
  it('writes everything in order, however it falls into chunks', async () => {
    const { files, pool, make } = setUp();
    const file = make();
    const all = Array.from({ length: 100 }, (_, i) => `packet ${i} ${'x'.repeat(i)}`);
    for (const [i, text] of all.entries()) {
      file.appendPacket(HEADER, i, Buffer.from(text));
      if (i % 10 === 9) await new Promise(setImmediate);
    }
    const done = await file.close();
    expect(payloads(files.contents.get('/rec/call.pcap'))).toEqual(all);
    expect(done).toEqual({
      path: '/rec/call.pcap',
      bytes: files.contents.get('/rec/call.pcap')!.length,
      dropped: 0,
      fault: undefined,
    });
    expect([files.open, pool.taken]).toEqual([0, 0]);
  });

  it('drops and counts what comes while the disk hangs, and goes on when it no longer does', async () => {
    const { files, pool, make } = setUp({ mostChunks: 3 });
    const file = make();
    files.hold();
    for (let i = 0; i < 100; i++) file.appendPacket(HEADER, i, Buffer.alloc(100, 65 + (i % 26)));
    expect(pool.taken).toBe(3);
    const { dropped } = file;
    expect(dropped).toBeGreaterThan(70);
    files.release();
    await file.open();
    await new Promise(setImmediate);
    file.appendPacket(HEADER, 100, Buffer.from('after'));
    expect((await file.close()).dropped).toBe(dropped);
    const read = payloads(files.contents.get('/rec/call.pcap'));
    expect(read).toHaveLength(101 - dropped);
    expect(read.at(-1)).toBe('after');
    expect(pool.taken).toBe(0);
  });

  it('shares a bounded room among all files', () => {
    const { files, pool, make } = setUp({ most: 5, mostChunks: 4 });
    files.hold();
    const [one, two] = [make('one'), make('two')];
    for (let i = 0; i < 100; i++) {
      one.appendPacket(HEADER, i, Buffer.alloc(100));
      two.appendPacket(HEADER, i, Buffer.alloc(100));
    }
    expect(pool.taken).toBe(5);
    files.release();
    return Promise.all([one.close(), two.close()]);
  });

  it('has its beginning, even where there was no room for it', async () => {
    const { files, pool, make } = setUp({ most: 1 });
    const other = make('other');
    other.appendPacket(HEADER, 0, Buffer.from('x'));
    const file = make();
    file.appendPacket(HEADER, 0, Buffer.from('lost'));
    await other.close();
    file.appendPacket(HEADER, 0, Buffer.from('kept'));
    expect(await file.close()).toMatchObject({ dropped: 1 });
    expect(payloads(files.contents.get('/rec/call.pcap'))).toEqual(['kept']);
    expect(pool.taken).toBe(0);
  });

  it('ends at a full disk with whole packets, and tells once', async () => {
    const { files, pool, faults, make } = setUp();
    files.room = 2500;
    const file = make();
    for (let i = 0; i < 40; i++) {
      file.appendPacket(HEADER, i, Buffer.from(`packet ${i} ${'x'.repeat(80)}`));
      await new Promise(setImmediate);
    }
    const done = await file.close();
    expect(done.fault).toBe('ENOSPC');
    expect(faults).toEqual(['ENOSPC']);
    const content = files.contents.get('/rec/call.pcap')!;
    expect(content.length).toBeGreaterThan(1000);
    expect(content.length).toBeLessThanOrEqual(2500);
    expect(payloads(content)[0]).toContain('packet 0 ');
    expect([files.open, pool.taken]).toEqual([0, 0]);
  });

  it('says why a file cannot be made', async () => {
    const { files, pool, faults, make } = setUp({ folders: { directory: '/disk/missing' } });
    files.missing.add('/disk').add('/disk/missing');
    const file = make();
    file.appendPacket(HEADER, 0, Buffer.from('x'));
    expect(await file.open()).toBe(false);
    expect(await file.close()).toMatchObject({ path: undefined, fault: 'ENOENT' });
    expect([faults, pool.taken]).toEqual([['ENOENT'], 0]);
  });

  it('makes the directory, but not what it lies in', async () => {
    const { files, make } = setUp({ folders: { directory: '/rec', spool: '/spool' } });
    files.missing.add('/rec').add('/spool');
    const file = make();
    expect(await file.open()).toBe(true);
    expect((await file.close()).path).toBe('/rec/call.pcap');
  });

  it('never overwrites: the next one has a number, and complete ones leave the spool', async () => {
    const { files, make } = setUp({ folders: { directory: '/rec', spool: '/spool' } });
    for (const text of ['first', 'second', 'third']) {
      const file = make();
      file.appendPacket(HEADER, 0, Buffer.from(text));
      await file.open();
      expect([...files.contents.keys()].filter((path) => path.startsWith('/spool/'))).toHaveLength(1);
      await file.close();
    }
    expect([...files.contents].map(([path, content]) => [path, ...payloads(content)])).toEqual([
      ['/rec/call.pcap', 'first'],
      ['/rec/call-2.pcap', 'second'],
      ['/rec/call-3.pcap', 'third'],
    ]);
  });

  it('makes no file for nothing, and rewrites the beginning at the end', async () => {
    const { files, make } = setUp();
    const file = make();
    expect(file.close()).toBe(file.close());
    const two = make('two');
    await two.open();
    expect((await two.close((bytes) => Buffer.of(bytes))).path).toBe('/rec/two.pcap');
    expect(files.contents.get('/rec/two.pcap')![0]).toBe(24);
    const { files: empty, pool } = setUp();
    const untouched = new RecordingFile(
      { files: empty, pool, queue: new DiskQueue(1), mostChunks: 1 },
      new RecordingPlace(empty, FOLDERS, 'x', ''),
      PCAP.fileHeader,
      () => {},
    );
    expect(await untouched.close()).toEqual({ path: undefined, bytes: 0, dropped: 0, fault: undefined });
    expect(empty.contents.size).toBe(0);
  });
});
