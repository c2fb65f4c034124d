import { sharedDatagrams } from '../../net/datagram-path.ts';
import type { ServerConfig } from '../../ops/config/server-config.ts';
import type { LoadedScript } from '../../script/opensips/load-script.ts';

/** How many workers there will be, and why they are not as many as is wished. */
export interface WorkersDecision {
  readonly count: number;
  /** For people; undefined where the wish is fulfilled. */
  readonly notice: string | undefined;
}

/** A wish for several workers is fulfilled where every part of the server can be one of several. */
export function decideWorkers({ workers, datagrams, script }: ServerConfig): WorkersDecision {
  if (workers === 1) return { count: 1, notice: undefined };
  const alone = script ? modulesOfOne(script) : [];
  if (alone.length > 0) return one(`the script loads what there can be one of only: ${alone.join(', ')}`);
  if (datagrams === 'portable') return one('datagrams: portable receives in one thread');
  if (!sharedDatagrams()) return one('the accelerator for datagrams is not built (see performance.md)');
  return { count: workers, notice: undefined };
}

/** The names of the modules that keep a script in one worker. */
function modulesOfOne({ modules, parameters }: LoadedScript): readonly string[] {
  return modules
    .filter(({ sharedState = false }, i) => {
      return typeof sharedState === 'boolean' ? sharedState : sharedState(parameters[i] as never);
    })
    .map(({ name }) => name);
}

function one(reason: string): WorkersDecision {
  return { count: 1, notice: `one worker instead of several: ${reason}` };
}
