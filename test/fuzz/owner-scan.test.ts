import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { messageOwner } from '../../src/wire/sip/owner.ts';
import { noteSkipped } from '../cloud/requirements.ts';
import { Mutator } from './mutator.ts';
import { seeds } from './targets/owner.ts';

const WORKERS = 7;
const INPUTS = 20_000;
const folder = mkdtempSync(join(tmpdir(), 'viaduct-owner-'));
const program = join(folder, 'owner-scan');
const native = fileURLToPath(new URL('../../native', import.meta.url));
const source = fileURLToPath(new URL('owner-scan.c', import.meta.url));

const built = spawnSync(
  process.env.CC || 'cc',
  ['-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-I', native]
    .concat('-o', program)
    .concat(source, join(native, 'owner.c')),
  { encoding: 'utf8' },
);
const reason = built.error ? 'there is no C compiler' : built.status !== 0 ? built.stderr : undefined;
if (reason !== undefined) noteSkipped('the scan for owners in C', reason);

afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(reason !== undefined)('the scan for owners in C', () => {
  it('reads nothing but the bytes, and says what the one in TypeScript says', { timeout: 60_000 }, () => {
    const mutator = new Mutator(
      3261,
      seeds.map((text) => Buffer.from(text, 'latin1')),
    );
    const inputs = Array.from({ length: INPUTS }, () => Buffer.from(mutator.next()));
    const framed = inputs.flatMap((bytes) => {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(bytes.length);
      return [head, bytes];
    });
    const { status, stdout, stderr } = spawnSync(program, [String(WORKERS)], {
      input: Buffer.concat(framed),
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.trim().split('\n').map(Number)).toEqual(inputs.map((it) => messageOwner(it, WORKERS)));
  });
});
