import { type Database, equal, numberIn, type Row, textIn } from '../../db/database.ts';
import { column, requireTable, type TableLayout } from '../../db/table-layout.ts';
import { type ContextKey, contextKey } from '../../runtime/context-key.ts';
import type { ModuleContext } from '../../runtime/module-context.ts';
import { addressesOf, type Probe, probe } from '../../runtime/outer-destination.ts';
import { parseTimeExpression } from '../../time/recurrence-expression.ts';
import {
  type Carrier,
  type Gateway,
  type GatewayState,
  type Hop,
  type Member,
  RoutingTable,
} from './routing-table.ts';

const text = (name: string) => column(name, 'text');
const maybe = (name: string) => column(name, 'text', null);
const number = (name: string) => column(name, 'int', 0);

export const GATEWAYS: TableLayout = {
  name: 'dr_gateways',
  version: 6,
  columns: [
    column('id', 'id'),
    text('gwid'),
    number('type'),
    text('address'),
    number('strip'),
    maybe('pri_prefix'),
    maybe('attrs'),
    number('probe_mode'),
    number('state'),
    maybe('socket'),
    maybe('description'),
  ],
  unique: [['gwid']],
};

export const RULES: TableLayout = {
  name: 'dr_rules',
  version: 4,
  columns: [
    column('ruleid', 'id'),
    text('groupid'),
    text('prefix'),
    maybe('timerec'),
    number('priority'),
    maybe('routeid'),
    maybe('gwlist'),
    column('sort_alg', 'text', 'N'),
    column('sort_profile', 'int', null),
    maybe('attrs'),
    maybe('description'),
  ],
};

export const CARRIERS: TableLayout = {
  name: 'dr_carriers',
  version: 3,
  columns: [
    column('id', 'id'),
    text('carrierid'),
    text('gwlist'),
    number('flags'),
    column('sort_alg', 'text', 'N'),
    number('state'),
    maybe('attrs'),
    maybe('description'),
  ],
  unique: [['carrierid']],
};

export const GROUPS: TableLayout = {
  name: 'dr_groups',
  version: 2,
  columns: [column('id', 'id'), text('username'), maybe('domain'), number('groupid'), maybe('description')],
};

/** Names of the four tables, and of the columns of the groups. */
export interface TableNames {
  readonly gateways: string;
  readonly rules: string;
  readonly carriers: string;
  readonly groups: string;
  readonly user: string;
  readonly domain: string;
  readonly group: string;
}

/** Where a call may still go, and where it went. */
export interface Routing {
  readonly user: string;
  current: Hop | undefined;
  readonly rest: Hop[];
}

const STATES: readonly GatewayState[] = ['on', 'off', 'down'];

/** The routing of one set of tables. */
export class RoutingPartition {
  readonly name: string;
  readonly routing: ContextKey<Routing>;
  table: RoutingTable = new RoutingTable();
  /** In ms since 1970. */
  loadedAt = 0;
  readonly #context: ModuleContext;
  readonly #database: Database;
  readonly #names: TableNames;
  readonly #keepsState: boolean;

  constructor(
    name: string,
    context: ModuleContext,
    database: Database,
    names: TableNames,
    keepsState: boolean,
  ) {
    this.name = name;
    this.routing = contextKey(`drouting ${name}`);
    this.#context = context;
    this.#database = database;
    this.#names = names;
    this.#keepsState = keepsState;
  }

  /** Reads the tables. @param inherit states that are known stay @throws ServerError STORE_UNAVAILABLE */
  async load(inherit: boolean): Promise<void> {
    const { gateways, rules, carriers, groups, user, domain, group } = this.#names;
    await requireTable(this.#database, GATEWAYS, gateways);
    await requireTable(this.#database, RULES, rules);
    await requireTable(this.#database, CARRIERS, carriers);
    await requireTable(this.#database, GROUPS, groups, [user, domain, group]);
    const table = new RoutingTable();
    for (const row of await this.#database.select(gateways)) {
      const gateway = this.#gateway(row);
      const known = inherit ? this.table.gateways.get(gateway.id) : undefined;
      if (known !== undefined) gateway.state = known.state;
      table.gateways.set(gateway.id, gateway);
    }
    for (const row of await this.#database.select(carriers)) {
      const carrier = this.#carrier(row, table);
      const known = inherit ? this.table.carriers.get(carrier.id) : undefined;
      if (known !== undefined) carrier.off = known.off;
      table.carriers.set(carrier.id, carrier);
    }
    for (const row of await this.#database.select(rules)) this.#rule(row, table);
    for (const row of await this.#database.select(groups)) {
      table.groups.set(`${textIn(row, user)}@${textIn(row, domain).toLowerCase()}`, numberIn(row, group));
    }
    await Promise.all([...table.gateways.values()].map((it) => this.#resolve(it)));
    this.table = table;
    this.loadedAt = this.#context.services.clock.wallNow();
  }

  #gateway(row: Row): Gateway {
    const socket = textIn(row, 'socket');
    return {
      id: textIn(row, 'gwid'),
      type: numberIn(row, 'type'),
      address: textIn(row, 'address'),
      strip: numberIn(row, 'strip'),
      prefix: textIn(row, 'pri_prefix'),
      attrs: textIn(row, 'attrs'),
      probeMode: numberIn(row, 'probe_mode'),
      socket: socket === '' ? undefined : this.#context.program.socket(socket),
      state: (this.#keepsState ? STATES[numberIn(row, 'state')] : undefined) ?? 'on',
      addresses: [],
    };
  }

  #carrier(row: Row, table: RoutingTable): Carrier {
    const flags = numberIn(row, 'flags');
    const id = textIn(row, 'carrierid');
    return {
      id,
      gateways: this.#members(textIn(row, 'gwlist'), `carrier ${id}`, (it) => table.gateways.get(it)),
      sort: textIn(row, 'sort_alg').toUpperCase() === 'W' ? 'weight' : 'order',
      firstOnly: (flags & 1) !== 0,
      attrs: textIn(row, 'attrs'),
      off: (flags & 2) !== 0 || (this.#keepsState && numberIn(row, 'state') !== 0),
    };
  }

  #rule(row: Row, table: RoutingTable): void {
    const id = numberIn(row, 'ruleid');
    const timerec = textIn(row, 'timerec');
    const when = timerec === '' ? undefined : parseTimeExpression(timerec);
    if (timerec !== '' && when === undefined) {
      this.#context.log('error', `drouting: rule ${id}: ${JSON.stringify(timerec)} is no time recurrence`);
      return;
    }
    const rule = {
      id,
      prefix: textIn(row, 'prefix'),
      priority: numberIn(row, 'priority'),
      when,
      route: textIn(row, 'routeid'),
      members: this.#members(textIn(row, 'gwlist'), `rule ${id}`, (it) =>
        it.startsWith('#') ? table.carriers.get(it.slice(1)) : table.gateways.get(it),
      ),
      sort: textIn(row, 'sort_alg').toUpperCase() === 'W' ? ('weight' as const) : ('order' as const),
      attrs: textIn(row, 'attrs'),
    };
    for (const group of textIn(row, 'groupid').split(/[,;]/)) {
      if (/^\s*\d+\s*$/.test(group)) table.addRule(Number(group), rule);
    }
  }

  /** `id=weight,id`; what is not there is told, and left out. */
  #members<T>(list: string, where: string, find: (id: string) => T | undefined): Member<T>[] {
    const members: Member<T>[] = [];
    for (const part of list.split(/[,;]/)) {
      const [id = '', weight] = part.split('=').map((it) => it.trim());
      if (id === '') continue;
      const found = find(id);
      if (found === undefined) this.#context.log('warn', `drouting: ${where}: there is no ${id}`);
      else members.push({ of: found, weight: weight === undefined ? 0 : Math.max(0, Number(weight) || 0) });
    }
    return members;
  }

  async #resolve(gateway: Gateway): Promise<void> {
    gateway.addresses = await addressesOf(uriOf(gateway), this.#context.services, gateway.socket);
  }

  /** Gives a gateway another state. */
  set(gateway: Gateway, state: GatewayState): void {
    if (gateway.state === state) return;
    gateway.state = state;
    this.#context.raise('E_DROUTING_STATUS', {
      partition: this.name,
      gwid: gateway.id,
      address: gateway.address,
      status: stateText(gateway).toLowerCase(),
    });
    this.#keep(this.#names.gateways, { state: STATES.indexOf(state) }, { gwid: gateway.id });
  }

  setCarrier(carrier: Carrier, off: boolean): void {
    carrier.off = off;
    this.#keep(this.#names.carriers, { state: off ? 1 : 0 }, { carrierid: carrier.id });
  }

  #keep(table: string, changes: Record<string, number>, where: Record<string, string>): void {
    if (!this.#keepsState) return;
    const failed = (fault: unknown) =>
      this.#context.log('error', `drouting: ${fault instanceof Error ? fault.message : String(fault)}`);
    try {
      const written = this.#database.update(table, changes, equal(where));
      if (written instanceof Promise) written.catch(failed);
    } catch (fault) {
      failed(fault);
    }
  }

  #isWanted({ state }: Gateway): boolean {
    return state !== 'off';
  }

  /** Asks those that are to be asked. */
  async probe(how: Probe, isAlive: (status: number) => boolean): Promise<void> {
    await Promise.all(
      [...this.table.gateways.values()].map(async (it) => {
        if (it.state === 'off' || !(it.probeMode === 2 || (it.probeMode === 1 && it.state === 'down')))
          return;
        const status = await probe(
          uriOf(it),
          { ...how, socket: how.socket ?? it.socket },
          this.#context.services,
        );
        // An administrator may have decided meanwhile.
        if (this.#isWanted(it)) this.set(it, isAlive(status) ? 'on' : 'down');
      }),
    );
  }
}

export function uriOf({ address }: Pick<Gateway, 'address'>): string {
  return /^sips?:/i.test(address) ? address : `sip:${address}`;
}

export function stateText({ state, probeMode }: Gateway): string {
  if (state === 'on') return 'Active';
  if (state === 'off') return 'Disabled MI';
  return probeMode === 0 ? 'Inactive' : 'Probing';
}
