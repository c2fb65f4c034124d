import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { SharedLocks } from './shared-locks.ts';

describe('SharedLocks', () => {
  it('let one thread at a time do what takes two steps', async () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    const program = `
      const { parentPort, workerData } = require('node:worker_threads');
      import(workerData.file).then(({ SharedLocks }) => {
        const locks = new SharedLocks(workerData.words.subarray(0, 1), workerData.me);
        for (let i = 0; i < 50000; i++) {
          locks.take(0);
          workerData.words[1]++;
          locks.give(0);
        }
        parentPort.postMessage('done');
      });`;
    const file = new URL('./shared-locks.ts', import.meta.url).href;
    await Promise.all(
      [0, 1, 2].map((me) =>
        once(new Worker(program, { eval: true, workerData: { file, words, me } }), 'message'),
      ),
    );
    expect([...words]).toEqual([0, 150_000]);
  });

  it('are opened after the end of who had them, and no others', () => {
    const words = new Int32Array(new SharedArrayBuffer(12));
    const [one, two] = [new SharedLocks(words, 0), new SharedLocks(words, 1)];
    one.take(0);
    two.take(1);
    one.release(1);
    expect([...words]).toEqual([1, 0, 0]);
    one.take(1);
    expect(one.count).toBe(3);
  });
});
