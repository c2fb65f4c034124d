import type { Condition, DbInput } from '../../db/database.ts';

/** What a JSON argument says, or why it cannot be read. */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isValue(value: unknown): value is string | number | null {
  return value === null || typeof value === 'string' || typeof value === 'number';
}

function entriesOf(item: unknown): [string, unknown][] | undefined {
  return typeof item === 'object' && item !== null && !Array.isArray(item) ? Object.entries(item) : undefined;
}

/** `["a", "b"]`; '' for all. */
export function readColumns(text: string): Read<readonly string[] | undefined> {
  if (text === '') return { ok: true, value: undefined };
  const parsed = parse(text);
  const fine = Array.isArray(parsed) && parsed.length > 0 && parsed.every((it) => typeof it === 'string');
  return fine
    ? { ok: true, value: parsed as string[] }
    : { ok: false, problem: `${text} is no JSON list of columns: write ["a","b"]` };
}

/** `[{"a": 1}, {"b": null}]` */
export function readRow(text: string): Read<Readonly<Record<string, DbInput>>> {
  const parsed = parse(text);
  const row: Record<string, DbInput> = {};
  for (const item of Array.isArray(parsed) ? parsed : [undefined]) {
    const entries = entriesOf(item);
    if (entries === undefined || entries.length === 0 || !entries.every(([, value]) => isValue(value))) {
      return {
        ok: false,
        problem: `${text} is no JSON list of columns and values: write [{"a":"x"},{"b":1}]`,
      };
    }
    for (const [column, value] of entries) row[column] = value as DbInput;
  }
  return { ok: true, value: row };
}

/** `[{"a": "x"}, {"b": {"!=": null}}]`; '' for everything. */
export function readFilter(text: string): Read<readonly Condition[]> {
  if (text === '') return { ok: true, value: [] };
  const parsed = parse(text);
  const conditions: Condition[] = [];
  for (const item of Array.isArray(parsed) ? parsed : [undefined]) {
    for (const [column, value] of entriesOf(item) ?? [['', undefined]]) {
      const found = conditionOf(column as string, value);
      if (found === undefined) {
        return {
          ok: false,
          problem: `${text} is no JSON filter: write [{"a":"x"},{"b":{"!=":null}}]`,
        };
      }
      conditions.push(found);
    }
  }
  return { ok: true, value: conditions };
}

function conditionOf(column: string, value: unknown): Condition | undefined {
  if (column === '') return undefined;
  if (isValue(value)) return { column, is: '=', value };
  const entry = entriesOf(value)?.[0];
  return entry !== undefined && isValue(entry[1]) ? { column, is: entry[0], value: entry[1] } : undefined;
}
