import type { Listener } from '../../../../net/listener.ts';
import type { OuterAddress } from '../../runtime/outer-destination.ts';

export type DestinationState = 'active' | 'inactive' | 'probing';

/** One destination of a set. */
export interface Destination {
  readonly uri: string;
  readonly socket: Listener | undefined;
  readonly weight: number;
  readonly priority: number;
  readonly attrs: string | undefined;
  readonly description: string;
  /** 0: as the module says; 1: only while it is probing; 2: always. */
  readonly probeMode: number;
  state: DestinationState;
  scriptAttrs: string | undefined;
  addresses: readonly OuterAddress[];
  /** Failures in a row. */
  failures: number;
  chosen: number;
  /** Whether the table has another state. */
  dirty: boolean;
}

/** How the first destination is chosen. */
export type Choice =
  | { readonly by: 'hash'; readonly hash: number }
  | { readonly by: 'turn' }
  | { readonly by: 'order' }
  /** The least load is the best; those without one are left out. */
  | { readonly by: 'load'; readonly loadOf: (destination: Destination) => number | undefined };

/** Destinations that do the same: those of the highest priority first. */
export class DestinationSet {
  readonly id: number;
  readonly destinations: Destination[] = [];
  #last = 0;
  #used = 0;

  constructor(id: number) {
    this.id = id;
  }

  add(destination: Destination): void {
    const at = this.destinations.findIndex(({ priority }) => priority < destination.priority);
    this.destinations.splice(at < 0 ? this.destinations.length : at, 0, destination);
  }

  get active(): readonly Destination[] {
    return this.destinations.filter(({ state }) => state === 'active');
  }

  /**
   * The active destinations, the chosen one first, then those that follow it.
   * @param spared the last of the set is for when all others have failed
   */
  select(choice: Choice, spared: boolean): readonly Destination[] {
    const all = this.destinations;
    const last = spared && all.length > 1 ? all.at(-1) : undefined;
    const others = last === undefined ? all : all.slice(0, -1);
    const ordered =
      choice.by === 'load' ? byLoad(others, choice.loadOf) : this.#from(others, this.#first(others, choice));
    const active = ordered.filter(({ state }) => state === 'active');
    if (last?.state === 'active') active.push(last);
    return active;
  }

  #from(list: readonly Destination[], first: number): readonly Destination[] {
    return [...list.slice(first), ...list.slice(0, first)];
  }

  #first(list: readonly Destination[], choice: Choice): number {
    if (choice.by === 'turn') return this.#turn(list);
    if (choice.by !== 'hash') return 0;
    const { hash } = choice;
    const first = weighted(list, hash);
    if (list[first]?.state === 'active') return first;
    // What belonged to one that is gone is spread over the others by their weights.
    const active = list.filter(({ state }) => state === 'active');
    return active.length === 0 ? 0 : list.indexOf(active[weighted(active, hash)]!);
  }

  /** Each is chosen as often as its weight says before the next one is. */
  #turn(list: readonly Destination[]): number {
    if (this.#last >= list.length) this.#last = 0;
    if (list[this.#last]?.state !== 'active' || this.#used >= Math.max(1, list[this.#last]!.weight)) {
      this.#used = 0;
      for (let i = 1; i <= list.length; i++) {
        const next = (this.#last + i) % list.length;
        if (list[next]!.state !== 'active') continue;
        this.#last = next;
        break;
      }
    }
    this.#used++;
    return this.#last;
  }
}

function weighted(list: readonly Destination[], hash: number): number {
  const sum = list.reduce((all, { weight }) => all + weight, 0);
  if (sum === 0) return list.length === 0 ? 0 : hash % list.length;
  let rest = hash % sum;
  return list.findIndex(({ weight }) => {
    rest -= weight;
    return rest < 0;
  });
}

function byLoad(
  list: readonly Destination[],
  loadOf: (destination: Destination) => number | undefined,
): readonly Destination[] {
  return list
    .map((it) => [it, loadOf(it)] as const)
    .filter((pair): pair is readonly [Destination, number] => pair[1] !== undefined)
    .sort(([, one], [, other]) => one - other)
    .map(([it]) => it);
}
