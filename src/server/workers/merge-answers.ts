import { isDeepStrictEqual } from 'node:util';
import type { CommandOutcome } from '../../ops/admin/command-table.ts';
import type { CounterGroup } from '../statistics.ts';

/** Makes one answer of those of several workers. */

type Groups = Readonly<Record<string, CounterGroup>>;
type Row = Readonly<Record<string, unknown>>;

/** What all workers know alike is no more for being known by several. */
const LEAST: ReadonlySet<string> = new Set(['net.certificateDaysLeft', 'overload.letIn']);
const MOST: ReadonlySet<string> = new Set([
  ...['quarantine.inside', 'overload.active', 'overload.busy', 'overload.delayMs'],
]);

export function mergeGroups(each: readonly Groups[]): Groups {
  const names = new Set(each.flatMap((groups) => Object.keys(groups)));
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      mergeCounters(
        name,
        each.map((groups) => groups[name] ?? {}),
      ),
    ]),
  );
}

function mergeCounters(group: string, each: readonly CounterGroup[]): CounterGroup {
  const merged: Record<string, number> = {};
  for (const counters of each) {
    for (const [name, value] of Object.entries(counters)) {
      const so = merged[name];
      if (so === undefined) merged[name] = value;
      else if (LEAST.has(`${group}.${name}`)) merged[name] = Math.min(so, value);
      else if (MOST.has(`${group}.${name}`)) merged[name] = Math.max(so, value);
      else merged[name] = so + value;
    }
  }
  return merged;
}

/** @param whole what is said of the whole server */
export function mergeStatus(outcomes: readonly CommandOutcome[], whole: Row): Row {
  const rows = outcomes.flatMap((it) => ('result' in it ? [it.result as Row] : []));
  const connections = rows.reduce((sum, row) => sum + Number(row.connections), 0);
  return { ...rows[0], connections, ...whole };
}

/** Rows of all, one after the other. */
export function mergeLists(outcomes: readonly CommandOutcome[]): CommandOutcome {
  const fault = outcomes.find((it) => 'error' in it);
  return fault ?? { result: outcomes.flatMap((it) => ('result' in it ? (it.result as Row[]) : [])) };
}

/** Each worker commands the relays for itself: what they have counted is added up, and where they differ, both is said. */
export function mergeRelays(outcomes: readonly CommandOutcome[]): CommandOutcome {
  const all = mergeLists(outcomes);
  if ('error' in all) return all;
  const rows = new Map<string, Row>();
  for (const row of all.result as Row[]) {
    const key = `${row.relay} ${row.node}`;
    const so = rows.get(key);
    rows.set(key, so ? mergeRelay(so, row) : row);
  }
  return { result: [...rows.values()] };
}

function mergeRelay(a: Row, b: Row): Row {
  const states = new Set([...String(a.state).split('; '), String(b.state)]);
  const sums = ['commands', 'failures', 'pending'].map(
    (key) => [key, Number(a[key]) + Number(b[key])] as const,
  );
  return { ...a, ...Object.fromEntries(sums), state: [...states].join('; ') };
}

/**
 * Answers of all to one order: the same answer is one, numbers are added up, and what differs otherwise is listed. A fault
 * is the answer where nobody could do it.
 */
export function mergeAll(outcomes: readonly CommandOutcome[]): CommandOutcome {
  const results = outcomes.flatMap((it) => ('result' in it ? [it.result] : []));
  if (results.length === 0) return outcomes[0]!;
  const [first, ...others] = results;
  if (others.every((it) => isDeepStrictEqual(it, first))) return { result: first };
  if (results.every(isCounted)) return { result: mergeCounters('', results) };
  if (results.every(Array.isArray)) return { result: results.flat() };
  return { result: results };
}

/** Whether something is an object of numbers alone. */
function isCounted(value: unknown): value is CounterGroup {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((it) => typeof it === 'number')
  );
}
