import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';
import { loadTargets } from './target.ts';

// npm run fuzz [target…] [-- --seconds N --seed N]
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
});
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? Date.now() % 2 ** 32 : Number(values.seed);

const targets = await loadTargets();
const unknown = positionals.filter((name) => !targets.some((target) => target.name === name));
if (unknown.length > 0 || !(seconds > 0) || !(seed >= 0)) {
  console.error(`usage: npm run fuzz [target…] [-- --seconds N --seed N]
targets: ${targets.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

for (const target of targets) {
  if (positionals.length > 0 && !positionals.includes(target.name)) continue;
  const until = performance.now() + seconds * 1000;
  let count = 0;
  const failure = await fuzz(target, seed, (iteration) => {
    count = iteration;
    return performance.now() < until;
  });
  if (failure) {
    console.error(`${target.name}: seed ${seed}, input ${failure.iteration}:`);
    console.error(JSON.stringify(failure.input.toString('latin1')));
    console.error(failure.error);
    process.exitCode = 1;
  } else {
    console.log(`${target.name}: ${count} inputs in ${seconds} s, seed ${seed}`);
  }
}
