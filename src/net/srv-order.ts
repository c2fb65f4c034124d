import type { IdSource } from '../base/ids.ts';
import type { SrvRecord } from './name-server.ts';

/** The order in which targets are tried: by priority, and at random by weight among equals (RFC 2782). */
export function orderSrv(records: readonly SrvRecord[], ids: IdSource): SrvRecord[] {
  const ordered: SrvRecord[] = [];
  const byPriority = Map.groupBy(records, (record) => record.priority);
  for (const priority of [...byPriority.keys()].sort((a, b) => a - b)) {
    // Weight 0 comes first, so that it has its small chance beside others.
    const left = byPriority.get(priority)!.toSorted((a, b) => a.weight - b.weight);
    while (left.length > 0) ordered.push(...left.splice(drawByWeight(left, ids), 1));
  }
  return ordered;
}

function drawByWeight(records: readonly SrvRecord[], ids: IdSource): number {
  const sum = records.reduce((total, record) => total + record.weight, 0);
  const drawn = ids.uint32() % (sum + 1);
  let running = 0;
  return records.findIndex((record) => (running += record.weight) >= drawn);
}
