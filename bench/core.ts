// npm run bench:core: what a call costs in this process, without sockets: processor time and bytes allocated for the six
// messages of a stateful, record-routed call. Memory is what 1000 calls a second would keep (a clock of the bench's own).
// The lowest of many stretches counts, so that the figures hold on a machine with other work on it.
//   --stretches 30   of --calls 500 calls each      --profile FILE   a profile of the processor, after the warm-up
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { parseArgs } from 'node:util';
import { allocatedBy } from './allocations.ts';
import { CoreUnderTest } from './core-under-test.ts';

const { values } = parseArgs({
  options: {
    stretches: { type: 'string', default: '30' },
    calls: { type: 'string', default: '500' },
    warm: { type: 'string', default: '20000' },
    allocations: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});

const core = new CoreUnderTest();
await core.run(Number(values.warm));
const session = values.profile === undefined ? undefined : new Session();
if (session) {
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 200 });
  await session.post('Profiler.start');
}
let least = Number.POSITIVE_INFINITY;
const times: number[] = [];
const calls = Number(values.calls);
for (let i = 0; i < Number(values.stretches); i++) {
  const ns = await core.run(calls);
  const us = ns / calls / 1000;
  times.push(us);
  least = Math.min(least, us);
}
if (session) {
  const { profile } = await session.post('Profiler.stop');
  writeFileSync(values.profile!, JSON.stringify(profile));
}
const allocated = await allocatedBy(core, 3000);
times.sort((a, b) => a - b);
const total = Number(values.stretches) * calls;
console.log(
  JSON.stringify({
    usPerCall: Number(least.toFixed(1)),
    median: Number(times[Math.floor(times.length / 2)]!.toFixed(1)),
    bytesPerCall: Math.round([...allocated.values()].reduce((a, b) => a + b, 0) / 3000),
    calls: total,
    failed: core.failed,
  }),
);
if (values.allocations) {
  const rows = [...allocated].sort((a, b) => b[1] - a[1]).slice(0, 60);
  for (const [name, bytes] of rows) console.log(String(Math.round(bytes / 3000)).padStart(7), name);
}
await core[Symbol.asyncDispose]();
