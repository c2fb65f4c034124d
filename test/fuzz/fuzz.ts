import { Mutator } from './mutator.ts';
import type { FuzzTarget } from './target.ts';

export interface FuzzFailure {
  readonly iteration: number;
  readonly input: Buffer;
  readonly error: unknown;
}

/**
 * Runs a target on inputs made from its seeds until `goOn` says no.
 * @returns the first input that it failed on; undefined where it stood all
 */
export async function fuzz(
  target: FuzzTarget,
  seed: number,
  goOn: (iteration: number) => boolean,
): Promise<FuzzFailure | undefined> {
  const mutator = new Mutator(
    seed,
    target.seeds.map((text) => Buffer.from(text, 'latin1')),
  );
  for (let iteration = 0; goOn(iteration); iteration++) {
    const input = mutator.next();
    try {
      const running = target.run(input);
      if (running) await running;
    } catch (error) {
      return { iteration, input, error };
    }
  }
  return undefined;
}
