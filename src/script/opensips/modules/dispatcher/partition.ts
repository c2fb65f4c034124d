import { type Database, equal, numberIn, type Row, textIn } from '../../db/database.ts';
import { column, requireTable, type TableLayout } from '../../db/table-layout.ts';
import { type ContextKey, contextKey } from '../../runtime/context-key.ts';
import type { ModuleContext } from '../../runtime/module-context.ts';
import { addressesOf, type Probe, probe } from '../../runtime/outer-destination.ts';
import { type Destination, DestinationSet, type DestinationState } from './destination-set.ts';

export const DISPATCHER_TABLE: TableLayout = {
  name: 'dispatcher',
  version: 9,
  columns: [
    column('id', 'id'),
    column('setid', 'int', 0),
    column('destination', 'text', ''),
    column('socket', 'text', null),
    column('state', 'int', 0),
    column('probe_mode', 'int', 0),
    column('weight', 'text', '1'),
    column('priority', 'int', 0),
    column('attrs', 'text', null),
    column('description', 'text', null),
  ],
};

/** The names of the columns as the script has them. */
export interface DispatcherColumns {
  readonly setid: string;
  readonly destination: string;
  readonly socket: string;
  readonly state: string;
  readonly probe_mode: string;
  readonly weight: string;
  readonly priority: string;
  readonly attrs: string;
  readonly description: string;
}

/** What is the same for all partitions. */
export interface DispatcherRules {
  readonly columns: DispatcherColumns;
  readonly threshold: number;
  readonly probeAll: boolean;
  /** Whether the destinations of a set are asked. */
  readonly probes: (set: number) => boolean;
  readonly isAlive: (status: number) => boolean;
}

/** What one partition was told. */
export interface PartitionParts {
  readonly name: string;
  readonly table: string;
  readonly attrsAvp: string | undefined;
  readonly scriptAttrsAvp: string | undefined;
  readonly keepsState: boolean;
  readonly probe: Probe;
}

/** Where a request may still go, and where it went. */
export interface Attempt {
  readonly set: DestinationSet;
  current: Destination;
  readonly rest: Destination[];
}

const STATES: readonly DestinationState[] = ['active', 'inactive', 'probing'];

/** The sets of one table. */
export class Partition {
  readonly parts: PartitionParts;
  readonly attempt: ContextKey<Attempt>;
  sets: Map<number, DestinationSet> = new Map();
  readonly #context: ModuleContext;
  readonly #database: Database;
  readonly #rules: DispatcherRules;

  constructor(parts: PartitionParts, context: ModuleContext, database: Database, rules: DispatcherRules) {
    this.parts = parts;
    this.attempt = contextKey(`dispatcher ${parts.name}`);
    this.#context = context;
    this.#database = database;
    this.#rules = rules;
  }

  /** Reads the table. @param inherit destinations that were known keep their states @throws ServerError STORE_UNAVAILABLE */
  async load(inherit: boolean): Promise<void> {
    await requireTable(
      this.#database,
      DISPATCHER_TABLE,
      this.parts.table,
      Object.values(this.#rules.columns),
    );
    const rows = await this.#database.select(this.parts.table);
    const sets = new Map<number, DestinationSet>();
    const waiting: Promise<void>[] = [];
    for (const row of rows) {
      const id = numberIn(row, this.#rules.columns.setid);
      const destination = this.#read(row);
      if (inherit) this.#inherit(id, destination);
      const set = sets.get(id) ?? new DestinationSet(id);
      sets.set(id, set);
      set.add(destination);
      waiting.push(this.#resolve(destination));
    }
    await Promise.all(waiting);
    this.sets = sets;
  }

  #read(row: Row): Destination {
    const { columns } = this.#rules;
    const socket = textIn(row, columns.socket);
    const attrs = textIn(row, columns.attrs);
    const weight = Number(textIn(row, columns.weight));
    return {
      uri: textIn(row, columns.destination),
      socket: socket === '' ? undefined : this.#context.program.socket(socket),
      weight: Number.isInteger(weight) && weight >= 0 ? weight : 1,
      priority: numberIn(row, columns.priority),
      attrs: attrs === '' ? undefined : attrs,
      description: textIn(row, columns.description),
      probeMode: numberIn(row, columns.probe_mode),
      state: (this.parts.keepsState ? STATES[numberIn(row, columns.state)] : undefined) ?? 'active',
      scriptAttrs: undefined,
      addresses: [],
      failures: 0,
      chosen: 0,
      dirty: false,
    };
  }

  #inherit(set: number, destination: Destination): void {
    const known = this.sets.get(set)?.destinations.find(({ uri }) => uri === destination.uri);
    if (known === undefined) return;
    destination.state = known.state;
    destination.failures = known.failures;
    destination.scriptAttrs = known.scriptAttrs;
    destination.chosen = known.chosen;
  }

  async #resolve(destination: Destination): Promise<void> {
    destination.addresses = await addressesOf(destination.uri, this.#context.services, destination.socket);
    if (destination.addresses.length === 0)
      this.#context.log('warn', `dispatcher: ${destination.uri} leads nowhere`);
  }

  /**
   * Gives a destination another state; probing only after as many failures as the threshold says.
   * @param reason what the event tells
   */
  mark(set: DestinationSet, destination: Destination, state: DestinationState, reason: string): void {
    const before = destination.state;
    if (state === 'probing') {
      if (before === 'inactive' || ++destination.failures < this.#rules.threshold) return;
      destination.failures = this.#rules.threshold;
    } else destination.failures = 0;
    this.set(set, destination, state, reason);
  }

  set(set: DestinationSet, destination: Destination, state: DestinationState, reason: string): void {
    const before = destination.state;
    if (before === state) return;
    destination.state = state;
    destination.dirty = true;
    const { name } = this.parts;
    this.#context.raise('E_DISPATCHER_STATUS', {
      ...(name !== 'default' && { partition: name }),
      group: set.id,
      address: destination.uri,
      status: state === 'active' ? 'active' : 'inactive',
      reason,
    });
  }

  /** Asks those that are to be asked. */
  async probe(): Promise<void> {
    const { probes, probeAll } = this.#rules;
    const waiting: Promise<void>[] = [];
    for (const set of this.sets.values()) {
      if (!probes(set.id)) continue;
      for (const it of set.destinations) {
        if (it.state === 'inactive' || !(probeAll || it.probeMode === 2 || it.state === 'probing')) continue;
        waiting.push(this.#probe(set, it));
      }
    }
    await Promise.all(waiting);
  }

  async #probe(set: DestinationSet, destination: Destination): Promise<void> {
    const wanted = { ...this.parts.probe, socket: this.parts.probe.socket ?? destination.socket };
    const status = await probe(destination.uri, wanted, this.#context.services);
    // Somebody may have decided otherwise meanwhile.
    if (destination.state === 'inactive') return;
    if (this.#rules.isAlive(status)) this.mark(set, destination, 'active', '200 OK probing reply');
    else if (this.#rules.probeAll || destination.probeMode === 2)
      this.mark(set, destination, 'probing', 'negative probing reply');
  }

  /** Writes states that the table has otherwise. */
  async flush(): Promise<void> {
    const { columns } = this.#rules;
    for (const set of this.sets.values()) {
      for (const destination of set.destinations) {
        if (!destination.dirty) continue;
        destination.dirty = false;
        if (!this.parts.keepsState) continue;
        await this.#database.update(
          this.parts.table,
          { [columns.state]: STATES.indexOf(destination.state) },
          equal({ [columns.setid]: set.id, [columns.destination]: destination.uri }),
        );
      }
    }
  }
}
