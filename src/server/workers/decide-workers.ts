import { sharedDatagrams } from '../../net/datagram-path.ts';
import type { ServerConfig } from '../../ops/config/server-config.ts';

/** How many workers there will be, and why they are not as many as is wished. */
export interface WorkersDecision {
  readonly count: number;
  /** For people; undefined where the wish is fulfilled. */
  readonly notice: string | undefined;
}

/** A wish for several workers is fulfilled where every part of the server can be one of several. */
export function decideWorkers({ workers, datagrams, script }: ServerConfig): WorkersDecision {
  if (workers === 1) return { count: 1, notice: undefined };
  const alone = (script?.modules ?? []).filter(({ sharedState }) => sharedState === true);
  if (alone.length > 0) {
    const names = alone.map(({ name }) => name).join(', ');
    return one(`the script keeps state in memory that all calls share, by ${names}`);
  }
  if (datagrams === 'portable') return one('datagrams: portable receives in one thread');
  if (!sharedDatagrams()) return one('the accelerator for datagrams is not built (see performance.md)');
  return { count: workers, notice: undefined };
}

function one(reason: string): WorkersDecision {
  return { count: 1, notice: `one worker instead of several: ${reason}` };
}
