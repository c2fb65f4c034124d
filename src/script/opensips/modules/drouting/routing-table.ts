import type { IdSource } from '../../../../base/ids.ts';
import type { Listener } from '../../../../net/listener.ts';
import type { OuterAddress } from '../../runtime/outer-destination.ts';
import type { TimeTest } from '../../time/recurrence-expression.ts';

/** `off`: by an administrator, for good; `down`: until a probe is answered. */
export type GatewayState = 'on' | 'down' | 'off';

export interface Gateway {
  readonly id: string;
  readonly type: number;
  /** A SIP URI, or `host[:port]`. */
  readonly address: string;
  readonly strip: number;
  readonly prefix: string;
  readonly attrs: string;
  /** 0: never asked; 1: while it is down; 2: always. */
  readonly probeMode: number;
  readonly socket: Listener | undefined;
  state: GatewayState;
  addresses: readonly OuterAddress[];
}

/** A member of a list of destinations: a gateway, or a carrier. */
export interface Member<T> {
  readonly of: T;
  readonly weight: number;
}

export type SortWay = 'order' | 'weight';

export interface Carrier {
  readonly id: string;
  readonly gateways: readonly Member<Gateway>[];
  readonly sort: SortWay;
  /** Only the first of its gateways is used. */
  readonly firstOnly: boolean;
  readonly attrs: string;
  off: boolean;
}

export interface Rule {
  readonly id: number;
  readonly prefix: string;
  readonly priority: number;
  /** When it holds; undefined for always. */
  readonly when: TimeTest | undefined;
  /** A route of the script that runs when it is chosen. */
  readonly route: string;
  readonly members: readonly Member<Gateway | Carrier>[];
  readonly sort: SortWay;
  readonly attrs: string;
}

/** One way to send a call. */
export interface Hop {
  readonly gateway: Gateway;
  readonly carrier: Carrier | undefined;
  readonly rule: Rule | undefined;
}

export function isCarrier(member: Gateway | Carrier): member is Carrier {
  return 'gateways' in member;
}

/** Gateways, carriers, and the rules by group and prefix. */
export class RoutingTable {
  readonly gateways: Map<string, Gateway> = new Map();
  readonly carriers: Map<string, Carrier> = new Map();
  /** Groups of users, by `user@domain` or `user@`. */
  readonly groups: Map<string, number> = new Map();
  readonly #rules = new Map<number, Map<string, Rule[]>>();
  #longest = 0;

  addRule(group: number, rule: Rule): void {
    const byPrefix = this.#rules.get(group) ?? new Map<string, Rule[]>();
    this.#rules.set(group, byPrefix);
    const rules = byPrefix.get(rule.prefix) ?? [];
    byPrefix.set(rule.prefix, rules);
    const at = rules.findIndex(({ priority }) => priority < rule.priority);
    rules.splice(at < 0 ? rules.length : at, 0, rule);
    this.#longest = Math.max(this.#longest, rule.prefix.length);
  }

  /**
   * The rules that fit a number now: those of longer prefixes first, of one prefix those of higher priority.
   * @param whole only a prefix that is the whole number fits
   */
  *rulesFor(group: number, number: string, whole: boolean, wallMs: number): Generator<Rule> {
    const byPrefix = this.#rules.get(group);
    if (byPrefix === undefined) return;
    for (let length = Math.min(number.length, this.#longest); length >= 0; length--) {
      if (whole && length < number.length) return;
      for (const rule of byPrefix.get(number.slice(0, length)) ?? []) {
        if (rule.when === undefined || rule.when(wallMs)) yield rule;
      }
    }
  }

  /** The ways that a rule gives, those that cannot be used left out. @param allowed ids; undefined for all */
  hopsOf(rule: Rule, allowed: ReadonlySet<string> | undefined, ids: IdSource): Hop[] {
    const hops: Hop[] = [];
    for (const { of } of sorted(rule.members, rule.sort, ids)) {
      if (isCarrier(of)) hops.push(...this.hopsOfCarrier(of, rule, allowed, ids));
      else if (of.state === 'on' && (allowed === undefined || allowed.has(of.id)))
        hops.push({ gateway: of, carrier: undefined, rule });
    }
    return hops;
  }

  hopsOfCarrier(
    carrier: Carrier,
    rule: Rule | undefined,
    allowed: ReadonlySet<string> | undefined,
    ids: IdSource,
  ): Hop[] {
    if (carrier.off) return [];
    const all = allowed === undefined || allowed.has(carrier.id) || allowed.has(`#${carrier.id}`);
    const hops = sorted(carrier.gateways, carrier.sort, ids)
      .map(({ of }) => of)
      .filter((it) => it.state === 'on' && (all || allowed.has(it.id)))
      .map((gateway): Hop => ({ gateway, carrier, rule }));
    return carrier.firstOnly ? hops.slice(0, 1) : hops;
  }

  /** The first carrier that has a gateway. */
  carrierOf(gateway: Gateway): Carrier | undefined {
    for (const carrier of this.carriers.values()) {
      if (carrier.gateways.some(({ of }) => of === gateway)) return carrier;
    }
    return undefined;
  }
}

/** By weight each place is drawn, so that the first is each of them as often as its weight says. */
function sorted<T>(members: readonly Member<T>[], way: SortWay, ids: IdSource): readonly Member<T>[] {
  if (way === 'order') return members;
  const rest = [...members];
  const drawn: Member<T>[] = [];
  while (rest.length > 0) {
    const sum = rest.reduce((all, { weight }) => all + weight, 0);
    let left = sum === 0 ? 0 : ids.uint32() % sum;
    const at = sum === 0 ? 0 : rest.findIndex(({ weight }) => (left -= weight) < 0);
    drawn.push(...rest.splice(at, 1));
  }
  return drawn;
}
