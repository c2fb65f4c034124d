// npm run bench:connections: holds idle TCP connections, each of a registered phone, and says what one costs.
//   npm run bench:connections -- [connections, default 10000]
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Caller } from './caller.ts';
import { Crowd } from './crowd.ts';
import { CrowdedServer } from './crowded-server.ts';

const SPARE_FILES = 200;
const SAMPLE = 500;
const STEPS = 10;
const SETTLE_MS = 3000;
const RAISED = 'VIADUCT_SCALE_RAISED';

/** Open files that this process may have. */
function fileLimit(kind: 'soft' | 'hard'): number {
  const line = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
  const text = line?.[kind === 'soft' ? 1 : 2] ?? '0';
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
}

async function measure(connections: number): Promise<boolean> {
  await using server = await CrowdedServer.start(connections + SPARE_FILES);
  using crowd = new Crowd(server.port);
  const began = performance.now();
  const memory = server.memory;
  console.log('connections  server RSS MB');
  console.log(`${'0'.padStart(11)}  ${(memory / 2 ** 20).toFixed(1)}`);
  for (let step = 1; step <= STEPS; step++) {
    await crowd.grow(Math.floor((connections * step) / STEPS));
    console.log(`${String(crowd.size).padStart(11)}  ${(server.memory / 2 ** 20).toFixed(1)}`);
  }
  const seconds = (performance.now() - began) / 1000;
  await wait(SETTLE_MS);
  const each = (server.memory - memory) / connections / 1024;
  using caller = await Caller.open(server.port);
  const sample = Math.min(SAMPLE, connections);
  let reached = 0;
  for (let i = 0; i < sample; i++) {
    const user = `u${Math.floor((i * connections) / sample)}`;
    if ((await caller.call(user)) === 486 && crowd.called.has(user)) reached++;
  }
  const open = await server.counter('net', 'openConnections');
  console.log(`\n${open} connections open and registered in ${seconds.toFixed(1)} s; ${crowd.lost} lost`);
  console.log(`${each.toFixed(1)} KB of the server's memory each, binding and flow included`);
  console.log(`${reached} of ${sample} INVITEs reached their phone over its connection`);
  return open === connections && crowd.lost === 0 && reached === sample;
}

const connections = Number(process.argv[2] ?? 10_000);
const needed = connections + SPARE_FILES;
if (fileLimit('hard') < needed) {
  console.error(
    `${needed} open files are needed and ${fileLimit('hard')} are allowed: as root, ulimit -Hn ${needed}`,
  );
  process.exitCode = 1;
} else if (fileLimit('soft') < needed && process.env[RAISED] === undefined) {
  const words = [process.execPath, ...process.argv.slice(1)].map((word) => `'${word}'`).join(' ');
  const env = { ...process.env, [RAISED]: '1' };
  const { status } = spawnSync('sh', ['-c', `ulimit -n ${needed}; exec ${words}`], { stdio: 'inherit', env });
  process.exitCode = status ?? 1;
} else {
  process.exitCode = (await measure(connections)) ? 0 : 1;
}
