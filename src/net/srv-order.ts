import type { IdSource } from '../base/ids.ts';
import type { SrvRecord } from './name-server.ts';

/** Where the random numbers come from that the weights are drawn with. */
export type Draws = Pick<IdSource, 'uint32'>;

/** The order in which targets are tried: by priority, and at random by weight among equals (RFC 2782). */
export function orderSrv(records: readonly SrvRecord[], draws: Draws): readonly SrvRecord[] {
  if (records.length < 2) return records;
  const ordered: SrvRecord[] = [];
  const byPriority = Map.groupBy(records, (record) => record.priority);
  for (const priority of [...byPriority.keys()].sort((a, b) => a - b)) {
    // Weight 0 comes first, so that it has its small chance beside others.
    const left = byPriority.get(priority)!.toSorted((a, b) => a.weight - b.weight);
    while (left.length > 0) ordered.push(...left.splice(drawByWeight(left, draws), 1));
  }
  return ordered;
}

function drawByWeight(records: readonly SrvRecord[], draws: Draws): number {
  if (records.length === 1) return 0;
  const sum = records.reduce((total, record) => total + record.weight, 0);
  if (sum === 0) return draws.uint32() % records.length;
  // Only weight 0 takes the draw 0 of RFC 2782: it would give the lightest of the others more than its share.
  const drawn = records[0]!.weight === 0 ? draws.uint32() % (sum + 1) : 1 + (draws.uint32() % sum);
  let running = 0;
  return records.findIndex((record) => (running += record.weight) >= drawn);
}

/**
 * The same numbers for the same text, evenly spread over texts: all requests of one call go the same way, those that
 * are forwarded without state too (RFC 3263 §4.2).
 */
export class SeededDraws implements Draws {
  #state: number;

  constructor(seed: string) {
    // FNV-1a.
    let hash = 0x811c9dc5;
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
    this.#state = hash;
  }

  uint32(): number {
    // SplitMix32.
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }
}
