// npm run bench:guard: is a call dearer than at the last release? Compares with bench/baseline.json, and exits with 1 where
// something is worse by more than chance. Without sockets and peers, half a minute.
//   --write   makes the baseline of what is measured now
//   --stretches 30   of --calls 400 calls each
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bytesPerCall } from './allocations.ts';
import { calibrate } from './calibration.ts';
import { CoreUnderTest } from './core-under-test.ts';
import { round } from './figures.ts';
import { type Baseline, compareFigures, type GuardFigures } from './guard-comparison.ts';
import { parseJudgeAndEdit } from './message-steps.ts';
import { output, ROOT } from './peers/peer.ts';
import { textTable } from './text-table.ts';

const BASELINE = fileURLToPath(new URL('baseline.json', import.meta.url));
const WARM_CALLS = 15_000;
const ALLOCATING_CALLS = 3000;
const ROUNDS = 4000; // of what takes less than a call

const { values } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    stretches: { type: 'string', default: '30' },
    calls: { type: 'string', default: '400' },
  },
});

function nsOf(rounds: number, step: () => unknown): number {
  const before = process.hrtime.bigint();
  for (let i = 0; i < rounds; i++) step();
  return Number(process.hrtime.bigint() - before) / rounds;
}

/** The lowest of many stretches that take turns, so that whatever else the machine does hits all alike. */
async function measure(): Promise<GuardFigures> {
  await using core = new CoreUnderTest();
  const calls = Number(values.calls);
  await core.run(WARM_CALLS);
  nsOf(WARM_CALLS, calibrate);
  nsOf(WARM_CALLS, parseJudgeAndEdit);
  const least = {
    call: Number.POSITIVE_INFINITY,
    message: Number.POSITIVE_INFINITY,
    unit: Number.POSITIVE_INFINITY,
  };
  for (let i = 0; i < Number(values.stretches); i++) {
    least.unit = Math.min(least.unit, nsOf(ROUNDS, calibrate));
    least.call = Math.min(least.call, (await core.run(calls)) / calls);
    least.message = Math.min(least.message, nsOf(ROUNDS, parseJudgeAndEdit));
  }
  const callBytes = await bytesPerCall(core, ALLOCATING_CALLS);
  if (core.failed > 0 || callBytes === 0) {
    throw new Error(`the calls did not come to their end: ${core.failed} failed, ${callBytes} bytes each`);
  }
  console.log(
    `a call ${round(least.call / 1000)} µs, a message ${round(least.message / 1000, 2)} µs, the calibration ${round(least.unit / 1000, 2)} µs`,
  );
  return {
    callCpu: round(least.call / least.unit, 2),
    messageCpu: round(least.message / least.unit, 3),
    callBytes,
  };
}

function write(figures: GuardFigures): void {
  const { version } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as { version: string };
  const baseline: Baseline = {
    version,
    commit: output('git', '-C', ROOT, 'rev-parse', '--short', 'HEAD')?.trim() ?? 'unknown',
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    processor: cpus()[0]?.model ?? 'unknown',
    figures,
  };
  writeFileSync(BASELINE, `${JSON.stringify(baseline, null, 2)}\n`);
  console.log(`written to ${BASELINE}`);
}

/** @returns whether nothing is worse */
function guard(figures: GuardFigures): boolean {
  const baseline = JSON.parse(readFileSync(BASELINE, 'utf8')) as Baseline;
  const { version, commit, date, node, processor } = baseline;
  console.log(`baseline: Viaduct ${version} ${commit} of ${date}, Node ${node}, ${processor}`);
  if (node.split('.')[0] !== process.version.split('.')[0]) {
    console.log(`This is Node ${process.version}: what differs may be Node's.`);
  }
  const compared = compareFigures(baseline.figures, figures);
  const rows = compared.map(({ name, was, is, limit, verdict }) => [
    name,
    String(was),
    String(is),
    (is / was).toFixed(2),
    limit.toFixed(1),
    verdict,
  ]);
  console.log(`\n${textTable(['figure', 'was', 'is', 'ratio', 'limit', 'verdict'], rows)}\n`);
  const worse = compared.filter(({ verdict }) => verdict === 'worse');
  for (const { name, was, is } of worse) {
    console.error(`${name} is ${(is / was).toFixed(2)} times what it was.`);
  }
  if (worse.length > 0) {
    console.error(
      'Run it again on a quiet machine. If it stays: npm run bench:core -- --allocations and --profile say where; if it is ' +
        'meant, npm run bench:guard -- --write makes it the new baseline.',
    );
  } else if (compared.some(({ verdict }) => verdict === 'better')) {
    console.log('It is better than the baseline: npm run bench:guard -- --write keeps it so.');
  }
  return worse.length === 0;
}

const figures = await measure();
if (values.write) write(figures);
else process.exitCode = guard(figures) ? 0 : 1;
