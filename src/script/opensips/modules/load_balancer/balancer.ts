import type { Dialog } from '../../../../core/dialog/dialog.ts';
import type { DialogProfiles } from '../../../../core/dialog/dialog-profiles.ts';
import { type Database, numberIn, textIn } from '../../db/database.ts';
import { column, requireTable, type TableLayout } from '../../db/table-layout.ts';
import type { ModuleContext } from '../../runtime/module-context.ts';
import { addressesOf, type OuterAddress, type Probe, probe } from '../../runtime/outer-destination.ts';

export const BALANCER_TABLE: TableLayout = {
  name: 'load_balancer',
  version: 3,
  columns: [
    column('id', 'id'),
    column('group_id', 'int', 0),
    column('dst_uri', 'text'),
    column('resources', 'text'),
    column('probe_mode', 'int', 0),
    column('attrs', 'text', null),
    column('description', 'text', null),
  ],
};

/** Who takes calls, and how many of each kind. */
export interface BalancerDestination {
  readonly id: number;
  readonly group: number;
  readonly uri: string;
  /** Capacity by resource. */
  readonly capacity: Map<string, number>;
  /** 0: never asked; 1: while it is disabled; 2: always. */
  readonly probeMode: number;
  readonly attrs: string;
  addresses: readonly OuterAddress[];
  disabled: boolean;
}

/** Why there is none. */
export type NoDestination = 'no capacity' | 'none' | 'unknown resource';

/** What is looked for. */
export interface Wanted {
  readonly group: number;
  readonly resources: readonly string[];
  /** Full ones count, too. */
  readonly evenFull: boolean;
  /** Free capacity in percent, not in calls. */
  readonly relative: boolean;
  /** Among equals one at random. */
  readonly random: boolean;
}

/** The destinations of the table, and the calls that they have: members of dialog profiles, one for each resource. */
export class Balancer {
  destinations: readonly BalancerDestination[] = [];
  readonly #context: ModuleContext;
  readonly #database: Database;
  readonly #table: string;
  readonly #profiles: DialogProfiles;
  readonly #isAlive: (status: number) => boolean;

  constructor(
    context: ModuleContext,
    database: Database,
    table: string,
    profiles: DialogProfiles,
    isAlive: (status: number) => boolean,
  ) {
    this.#context = context;
    this.#database = database;
    this.#table = table;
    this.#profiles = profiles;
    this.#isAlive = isAlive;
  }

  /** @throws ServerError STORE_UNAVAILABLE */
  async load(): Promise<void> {
    await requireTable(this.#database, BALANCER_TABLE, this.#table);
    const rows = await this.#database.select(this.#table);
    const disabled = new Set(this.destinations.filter((it) => it.disabled).map(({ id }) => id));
    const destinations = rows.map((row): BalancerDestination => {
      const id = numberIn(row, 'id');
      return {
        id,
        group: numberIn(row, 'group_id'),
        uri: textIn(row, 'dst_uri'),
        capacity: capacities(textIn(row, 'resources')),
        probeMode: numberIn(row, 'probe_mode'),
        attrs: textIn(row, 'attrs'),
        addresses: [],
        disabled: disabled.has(id),
      };
    });
    await Promise.all(
      destinations.map(async (it) => {
        it.addresses = await addressesOf(it.uri, this.#context.services);
      }),
    );
    this.destinations = destinations;
  }

  /** How many calls of a resource a destination has. */
  loadOf({ id }: BalancerDestination, resource: string): number {
    return this.#profiles.size(profileOf(resource), String(id));
  }

  /** The destination with the most room that was not tried. */
  choose(wanted: Wanted, tried: ReadonlySet<BalancerDestination>): BalancerDestination | NoDestination {
    const { resources, group } = wanted;
    if (!resources.every((it) => this.destinations.some(({ capacity }) => capacity.has(it)))) {
      return 'unknown resource';
    }
    let best: BalancerDestination[] = [];
    let most = Number.NEGATIVE_INFINITY;
    let any = false;
    for (const it of this.destinations) {
      if (it.group !== group || it.disabled || tried.has(it)) continue;
      if (!resources.every((resource) => it.capacity.has(resource))) continue;
      any = true;
      const room = Math.min(...resources.map((resource) => this.#room(it, resource, wanted.relative)));
      if ((room <= 0 && !wanted.evenFull) || room < most) continue;
      if (room > most) best = [];
      most = room;
      best.push(it);
    }
    if (best.length === 0) return any ? 'no capacity' : 'none';
    return best[wanted.random ? this.#context.services.ids.uint32() % best.length : 0]!;
  }

  #room(destination: BalancerDestination, resource: string, relative: boolean): number {
    const capacity = destination.capacity.get(resource) ?? 0;
    const free = capacity - this.loadOf(destination, resource);
    if (!relative) return free;
    return capacity === 0 ? 0 : Math.trunc((free * 100) / capacity);
  }

  count(dialog: Dialog, { id }: BalancerDestination, resources: readonly string[]): boolean {
    let counted = true;
    for (const it of resources) counted = this.#profiles.add(dialog, profileOf(it), String(id)) && counted;
    return counted;
  }

  uncount(dialog: Dialog, { id }: BalancerDestination, resources: readonly string[]): void {
    for (const it of resources) this.#profiles.remove(dialog, profileOf(it), String(id));
  }

  enable(destination: BalancerDestination, enabled: boolean): void {
    if (destination.disabled === !enabled) return;
    destination.disabled = !enabled;
    this.#context.raise('E_LOAD_BALANCER_STATUS', {
      group: destination.group,
      uri: destination.uri,
      status: enabled ? 'enabled' : 'disabled',
    });
  }

  /** Asks those that are to be asked. */
  async probe(how: Probe): Promise<void> {
    await Promise.all(
      this.destinations.map(async (it) => {
        if (!(it.probeMode === 2 || (it.probeMode === 1 && it.disabled))) return;
        this.enable(it, this.#isAlive(await probe(it.uri, how, this.#context.services)));
      }),
    );
  }
}

function profileOf(resource: string): string {
  return `lb:${resource}`;
}

/** `voice=100;video=20` */
function capacities(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const part of text.split(';')) {
    const [name = '', value] = part.split('=').map((it) => it.trim());
    if (name !== '') found.set(name, Number(value) >= 0 ? Math.trunc(Number(value)) : 0);
  }
  return found;
}
