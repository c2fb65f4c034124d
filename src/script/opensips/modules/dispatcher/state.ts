import type { ModuleContext } from '../../runtime/module-context.ts';
import { isAmong } from '../../runtime/outer-destination.ts';
import type { Destination, DestinationSet, DestinationState } from './destination-set.ts';
import type { Partition } from './partition.ts';

/** The partitions of a script, and what it was told of choosing. */
export interface DispatcherState extends AsyncDisposable {
  readonly partitions: ReadonlyMap<string, Partition>;
  readonly context: ModuleContext;
  readonly hashFormat: string | undefined;
  readonly loadFormat: string | undefined;
  readonly setidVariable: string | undefined;
}

/** `i`, `a`, `p` in either case, or their numbers; nothing is `i`. */
export function stateNamed(letter: string): DestinationState | undefined {
  if (/^(?:|i|0)$/i.test(letter)) return 'inactive';
  if (/^[a1]$/i.test(letter)) return 'active';
  return /^[p2]$/i.test(letter) ? 'probing' : undefined;
}

/** Every destination of a set, or of all. */
export function* destinations(
  partition: Partition,
  set: number | undefined,
): Generator<[DestinationSet, Destination]> {
  for (const found of partition.sets.values()) {
    if (set !== undefined && set !== -1 && found.id !== set) continue;
    for (const it of found.destinations) yield [found, it];
  }
}

/** Gives destinations attributes of the script's own. @returns false where there are none */
export function push(
  partition: Partition | undefined,
  attrs: string,
  ip: string,
  port: number,
  set: number | undefined,
): boolean {
  let found = false;
  for (const [, it] of partition === undefined ? [] : destinations(partition, set)) {
    if (!isAmong(it.addresses, ip, port)) continue;
    it.scriptAttrs = attrs;
    found = true;
  }
  return found;
}
