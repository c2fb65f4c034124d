import { describe, expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';
import { loadTargets } from './target.ts';

const ITERATIONS = 20_000;
const SEED = 3261;

describe('fuzz targets', async () => {
  const targets = (await loadTargets()).map((target) => ({ iterations: ITERATIONS, ...target }));

  it.each(targets)('$name stands $iterations inputs', async (target) => {
    const failure = await fuzz(target, SEED, (iteration) => iteration < target.iterations);
    expect(failure && { input: failure.input.toString('latin1'), error: failure.error }).toBeUndefined();
  });
});
