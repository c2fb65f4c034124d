// npm run soak: calls at a fixed rate for a long time, and whether the server's memory stays flat.
//   npm run soak -- [minutes, default 10] [--cps 200]
import { availableParallelism } from 'node:os';
import { setInterval as every } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { PORT } from '../../bench/peers/peer.ts';
import { viaduct } from '../../bench/peers/viaduct.ts';
import { ServerUnderTest } from '../../bench/server-under-test.ts';
import { loadReason, runLoad } from '../../bench/sipload.ts';
import { judgeMemory, type Sample } from './memory.ts';

const SAMPLE_SECONDS = 10;
const TICK_US = 200;

async function soak(minutes: number, cps: number): Promise<boolean> {
  const peer = viaduct();
  await using server = await ServerUnderTest.start(peer, 0);
  console.log(`${peer.name} ${peer.version}, ${peer.flags}: ${cps} calls/s for ${minutes} minutes\n`);
  console.log('seconds  RSS MB');
  const samples: Sample[] = [];
  const began = performance.now();
  const sample = (): void => {
    const seconds = Math.round((performance.now() - began) / 1000);
    const megabytes = server.memoryKb() / 1024;
    samples.push({ seconds, megabytes });
    console.log(`${String(seconds).padStart(7)}  ${megabytes.toFixed(1)}`);
  };
  const ended = new AbortController();
  const sampling = (async () => {
    sample();
    try {
      for await (const _ of every(SAMPLE_SECONDS * 1000, undefined, { signal: ended.signal })) sample();
    } catch (error) {
      if (!ended.signal.aborted) throw error;
    }
  })();
  const load = { pids: server.pids(), port: PORT, cps, warmSeconds: 0, seconds: minutes * 60, runs: 1 };
  const { stretches, summary } = await runLoad({ ...load, check: true, tickUs: TICK_US }, 1);
  ended.abort();
  await sampling;
  const { flat, words } = judgeMemory(samples);
  const perCall = stretches[0]!.cpuUs / stretches[0]!.done;
  console.log(
    `\n${summary.calls} calls, ${summary.lost} lost, ${summary.refused} refused, ${summary.bad} bad messages, ${perCall.toFixed(1)} µs per call`,
  );
  console.log(words);
  return flat && summary.lost + summary.refused === 0 && summary.bad === 0;
}

const { values, positionals } = parseArgs({
  options: { cps: { type: 'string', default: '200' } },
  allowPositionals: true,
});
const reason = availableParallelism() < 2 ? 'two processor cores are needed' : loadReason();
if (reason === undefined) {
  process.exitCode = (await soak(Number(positionals[0] ?? 10), Number(values.cps))) ? 0 : 1;
} else {
  console.error(`The soak cannot run: ${reason}`);
  process.exitCode = 1;
}
