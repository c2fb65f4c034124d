import { Uri } from '../../../../wire/sip/uri.ts';
import type { VariableRef } from '../../frame/variable.ts';
import type { ModuleContext } from '../../runtime/module-context.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { type RoutingPartition, uriOf } from './partition.ts';
import type { Carrier, Gateway, Hop } from './routing-table.ts';

/** AVPs that get what was chosen; those that the script names. */
export interface RoutingAvps {
  readonly gateway: string | undefined;
  readonly prefix: string | undefined;
  readonly rule: string | undefined;
  readonly rulePrefix: string | undefined;
  readonly carrier: string | undefined;
}

/** The partitions of a script, and what it was told. */
export interface RoutingState {
  readonly partitions: ReadonlyMap<string, RoutingPartition>;
  readonly context: ModuleContext;
  readonly avps: RoutingAvps;
  readonly useDomain: boolean;
  readonly defaultGroup: number | undefined;
  probing: boolean;
}

/** Variables that get the attributes of what was chosen. */
export interface AttributeOutputs {
  readonly rule?: VariableRef | undefined;
  readonly gateway?: VariableRef | undefined;
  readonly carrier?: VariableRef | undefined;
}

/** The partitions that a name means: `*` all, nothing the first. */
export function partitionsNamed(
  { partitions }: RoutingState,
  name: string | undefined,
): readonly RoutingPartition[] {
  if (name === '*') return [...partitions.values()];
  const found = name === undefined ? [...partitions.values()][0] : partitions.get(name);
  return found === undefined ? [] : [found];
}

export interface RoutingWish {
  readonly group: number | undefined;
  readonly flags: string;
  readonly whitelist: string | undefined;
}

/** Looks for a rule for the number in the Request-URI, and leads the request to its first gateway. */
export function doRouting(
  m: ScriptMessage,
  state: RoutingState,
  partition: RoutingPartition,
  { group, flags, whitelist }: RoutingWish,
  out: AttributeOutputs,
): boolean {
  const { table } = partition;
  const user = m.target.parsed?.user ?? '';
  const wanted = group ?? groupOf(m, state, partition);
  if (wanted === undefined) return false;
  const { clock, ids } = m.program.services;
  const allowed =
    whitelist === undefined || whitelist === '' ? undefined : new Set(whitelist.split(/\s*,\s*/));
  const hops: Hop[] = [];
  for (const rule of table.rulesFor(wanted, user, flags.includes('L'), clock.wallNow())) {
    if (flags.includes('C')) {
      out.rule?.set(m, rule.attrs);
      return true;
    }
    // A route that does not wait is done before the next line.
    if (rule.route !== '' && hops.length === 0) void m.program.runRoute(rule.route, m.context);
    hops.push(...table.hopsOf(rule, allowed, ids));
    if (!flags.includes('F') || hops.length > MOST_HOPS) break;
  }
  return begin(m, state, partition, hops, user, out);
}

/** Ways to send one call at the most. */
const MOST_HOPS = 64;

/** Keeps the ways of a call, and takes the first. */
export function begin(
  m: ScriptMessage,
  state: RoutingState,
  partition: RoutingPartition,
  hops: readonly Hop[],
  user: string,
  out: AttributeOutputs,
): boolean {
  m.context.set(partition.routing, { user, current: undefined, rest: hops.slice(0, MOST_HOPS) });
  return next(m, state, partition, out);
}

/** Takes the next way whose gateway can be used. */
export function next(
  m: ScriptMessage,
  state: RoutingState,
  partition: RoutingPartition,
  out: AttributeOutputs,
): boolean {
  const routing = m.context.get(partition.routing);
  if (routing === undefined) return false;
  for (let hop = routing.rest.shift(); hop !== undefined; hop = routing.rest.shift()) {
    if (hop.gateway.state !== 'on' || hop.carrier?.off) continue;
    const uri = requestUri(hop.gateway, routing.user);
    if (uri === undefined) continue;
    routing.current = hop;
    m.target.uri = uri;
    m.target.du = null;
    if (hop.gateway.socket !== undefined) m.target.socket = hop.gateway.socket;
    tell(m, state, hop, out);
    return true;
  }
  return false;
}

/** The number as a gateway wants it, at its address. */
function requestUri(gateway: Gateway, user: string): string | undefined {
  const number = gateway.prefix + user.slice(gateway.strip);
  return Uri.parse(uriOf(gateway))?.with({ user: number }).toString();
}

function tell(
  m: ScriptMessage,
  { avps }: RoutingState,
  { gateway, carrier, rule }: Hop,
  out: AttributeOutputs,
): void {
  const give = (avp: string | undefined, value: string | number | undefined) => {
    if (avp === undefined) return;
    if (value === undefined) m.avps.clear(avp);
    else m.avps.replace(avp, value);
  };
  give(avps.gateway, gateway.id);
  give(avps.prefix, gateway.prefix);
  give(avps.carrier, carrier?.id);
  give(avps.rule, rule?.id);
  give(avps.rulePrefix, rule?.prefix);
  out.gateway?.set(m, gateway.attrs);
  if (rule !== undefined) out.rule?.set(m, rule.attrs);
  out.carrier?.set(m, carrier?.attrs ?? '');
}

/** The group of who calls, by the table of groups. */
function groupOf(m: ScriptMessage, state: RoutingState, { table }: RoutingPartition): number | undefined {
  const uri = m.context.request.from?.uri;
  const domain = state.useDomain ? (uri?.host ?? '').toLowerCase() : undefined;
  const user = uri?.user ?? '';
  const found = domain === undefined ? userIn(table.groups, user) : table.groups.get(`${user}@${domain}`);
  return found ?? state.defaultGroup;
}

function userIn(groups: ReadonlyMap<string, number>, user: string): number | undefined {
  const plain = groups.get(`${user}@`);
  if (plain !== undefined) return plain;
  for (const [name, group] of groups) if (name.startsWith(`${user}@`)) return group;
  return undefined;
}

/** What `is_from_gw` and its like do with a gateway that they have found. */
export function found(
  m: ScriptMessage,
  { avps }: RoutingState,
  gateway: Gateway,
  carrier: Carrier | undefined,
  flags: string,
  out: AttributeOutputs,
): void {
  const uri = m.target.parsed;
  const stripped = flags.includes('s') ? gateway.strip : 0;
  const prefix = flags.includes('p') ? gateway.prefix : '';
  if (uri?.user !== undefined && (stripped > 0 || prefix !== ''))
    m.target.uri = uri.with({ user: prefix + uri.user.slice(stripped) }).toString();
  if (flags.includes('i') && avps.gateway !== undefined) m.avps.replace(avps.gateway, gateway.id);
  if (flags.includes('c') && avps.carrier !== undefined && carrier) m.avps.replace(avps.carrier, carrier.id);
  out.gateway?.set(m, gateway.attrs);
  out.carrier?.set(m, carrier?.attrs ?? '');
}
