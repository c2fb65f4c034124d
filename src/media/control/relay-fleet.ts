import { BoundedMap } from '../../base/bounded-map.ts';
import { chooseNode, homeNode } from './choose-node.ts';
import type { MediaFailure, MediaKey, RelayState, RelaySwitch } from './media-control.ts';
import { failure } from './media-failure.ts';
import type { NodeSetSpec, NodeSpec } from './node-spec.ts';
import type { RelayNode } from './relay-node.ts';

export interface RelayFleetOptions {
  readonly sets: readonly NodeSetSpec[];
  /** Which set is meant where none is named; default 0. */
  readonly defaultSet?: number | undefined;
  readonly makeNode: (spec: NodeSpec, set: number) => RelayNode;
}

/** What an attempt on one relay came to, and whether another relay may do better. */
export interface Attempt<T> {
  readonly result: T | MediaFailure;
  readonly elsewhere: boolean;
}

/** More calls that are not where their Call-ID says are not remembered. */
const MOST_STRAYED = 20_000;

/** Relays in sets: which one has a call, and who else may take it. */
export class RelayFleet implements AsyncDisposable {
  readonly #options: RelayFleetOptions;
  readonly #sets = new Map<number, RelayNode[]>();
  /** Calls that another relay took than their Call-ID says, by set: while that one was away, or had no room. */
  readonly #strayed = new BoundedMap<string, RelayNode>(MOST_STRAYED, 'drop-oldest');
  #closed = false;

  constructor(options: RelayFleetOptions) {
    this.#options = options;
    this.configure(options.sets);
  }

  get nodes(): RelayNode[] {
    return [...this.#sets.values()].flat();
  }

  /** Takes other sets. Relays that stay keep their state and their calls; others end when their last command has. */
  configure(sets: readonly NodeSetSpec[]): void {
    const old = this.nodes;
    this.#sets.clear();
    for (const { id, nodes } of sets) {
      const made = nodes.map((spec) => {
        const at = old.findIndex((node) => node.set === id && node.name === spec.name);
        if (at < 0) return this.#options.makeNode(spec, id);
        const [node] = old.splice(at, 1);
        node!.spec = spec;
        return node!;
      });
      this.#sets.set(id, [...(this.#sets.get(id) ?? []), ...made]);
    }
    for (const node of old) void node.retire();
    for (const [call, node] of this.#strayed.entries()) if (old.includes(node)) this.#strayed.delete(call);
  }

  relays(): RelayState[] {
    return this.nodes.map(({ state }) => state);
  }

  switch(name: string, to: RelaySwitch, set?: number): boolean {
    const meant = this.#named(name, set);
    for (const node of meant) node.switch(to);
    return meant.length > 0;
  }

  /**
   * Does something on the relay that has the call. What makes or moves a call (`create`) is tried on other relays of the
   * set where one fails; all else belongs to one relay alone.
   */
  async run<T extends { readonly ok: true }>(
    key: MediaKey,
    create: boolean,
    attempt: (node: RelayNode) => Promise<Attempt<T>>,
  ): Promise<T | MediaFailure> {
    const tried = new Set<RelayNode>();
    let last: MediaFailure | undefined;
    for (;;) {
      const node = await this.#pick(key, create, tried);
      if (this.#closed) return failure('closed', 'the control was closed');
      if (!node) return last ?? this.#nobody(key);
      tried.add(node);
      if (!(await node.ready())) continue;
      const { result, elsewhere } = await attempt(node);
      if (result.ok) {
        if (create) this.#remember(key, node);
        return result;
      }
      if (!create || !elsewhere) return result;
      last = result;
    }
  }

  /** The call is over. */
  forget(key: MediaKey): void {
    this.#strayed.delete(this.#callOf(key));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
  }

  #remember(key: MediaKey, node: RelayNode): void {
    const home = homeNode(this.#nodesOf(key), key.callId);
    if (home === node) this.forget(key);
    else this.#strayed.set(this.#callOf(key), node);
  }

  async #pick(key: MediaKey, create: boolean, tried: ReadonlySet<RelayNode>): Promise<RelayNode | undefined> {
    const nodes = this.#nodesOf(key);
    const wanted =
      key.node === undefined ? this.#strayed.get(this.#callOf(key)) : this.#named(key.node, key.set)[0];
    if (wanted?.usable && !tried.has(wanted)) return wanted;
    if (key.node !== undefined && !create) return undefined;
    const free = (node: RelayNode) => node.usable && !tried.has(node);
    const choose = () =>
      (create && chooseNode(nodes, key.callId, (node) => free(node) && !node.resting)) ||
      chooseNode(nodes, key.callId, free);
    const chosen = choose();
    if (chosen || tried.size > 0) return chosen;
    // Nobody is left: whoever failed a while ago may be there again.
    await Promise.all(nodes.filter(({ usable }) => !usable).map((node) => node.test()));
    return choose();
  }

  #setOf({ set = this.#options.defaultSet ?? 0 }: MediaKey): number {
    return set;
  }

  #callOf(key: MediaKey): string {
    return `${this.#setOf(key)} ${key.callId}`;
  }

  #nodesOf(key: MediaKey): readonly RelayNode[] {
    return this.#sets.get(this.#setOf(key)) ?? [];
  }

  #named(name: string, set: number | undefined): RelayNode[] {
    return this.nodes.filter((node) => node.name === name && (set === undefined || node.set === set));
  }

  #nobody(key: MediaKey): MediaFailure {
    const set = this.#setOf(key);
    if (key.node !== undefined) return failure('no-relay', `relay ${key.node} is not there`);
    const count = this.#nodesOf(key).length;
    return failure(
      'no-relay',
      count === 0 ? `no relay in set ${set}` : `none of the ${count} relays of set ${set} answers`,
    );
  }
}
