// What calls allocate, by the sampling heap profiler: unlike time, the same on a busy machine.
import { Session } from 'node:inspector/promises';
import type { CoreUnderTest } from './core-under-test.ts';

/** @returns the bytes that each function of the server has allocated, by its name and file; the bench's own left out */
export async function allocatedBy(core: CoreUnderTest, calls: number): Promise<Map<string, number>> {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 512,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  await core.run(calls);
  const { profile } = await session.post('HeapProfiler.stopSampling');
  session.disconnect();
  const found = new Map<string, number>();
  const walk = (node: typeof profile.head, inServer: boolean): void => {
    const { functionName, url, lineNumber } = node.callFrame;
    const within = inServer || url.includes('/src/transaction/transaction-layer');
    if (within && node.selfSize > 0) {
      const name = `${functionName} ${url.split('/src/').at(-1)}:${lineNumber + 1}`;
      found.set(name, (found.get(name) ?? 0) + node.selfSize);
    }
    for (const child of node.children) walk(child, within);
  };
  walk(profile.head, false);
  return found;
}

/** @returns bytes */
export async function bytesPerCall(core: CoreUnderTest, calls: number): Promise<number> {
  const allocated = await allocatedBy(core, calls);
  return Math.round([...allocated.values()].reduce((sum, bytes) => sum + bytes, 0) / calls);
}
