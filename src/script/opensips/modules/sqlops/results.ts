import type { DbValue, RawResult } from '../../db/database.ts';
import type { VariableRef } from '../../frame/variable.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { NULL_TEXT, toInt, type Value } from '../../value.ts';

/** Codes of queries. */
export const FOUND = 1;
export const FAULT = -1;
export const NOTHING = -2;

/** Integers that C's `int` cannot hold come as text where the script wants them so. */
export interface ResultSettings {
  readonly bigAsText: boolean;
}

/** A value as scripts have it: a fraction is text. */
export function scriptValue(value: DbValue, { bigAsText }: ResultSettings): Value {
  if (typeof value === 'string' && bigAsText) return value;
  if (typeof value !== 'number') return value;
  if (!Number.isInteger(value)) return String(value);
  return toInt(value) !== value && bigAsText ? String(value) : toInt(value);
}

/**
 * Puts rows into AVPs, the first row where it is read first; NULL becomes the text `<null>`.
 * @param targets undefined for `$avp(1)`, `$avp(2)` …
 */
export function putRows(
  m: ScriptMessage,
  { columns, rows }: RawResult,
  targets: readonly VariableRef[] | undefined,
  settings: ResultSettings,
): number {
  if (columns.length === 0) return FOUND;
  if (rows.length === 0) return NOTHING;
  for (const row of rows.toReversed()) {
    for (const [i, value] of row.entries()) {
      const put = scriptValue(value, settings) ?? NULL_TEXT;
      const target = targets?.[i];
      const taken = target === undefined ? m.avps.push(String(i + 1), put) : target.set(m, put);
      if (!taken) return FAULT;
    }
  }
  return FOUND;
}

/** Puts the first row into variables, of which there must be enough. */
export function putRow(
  m: ScriptMessage,
  { columns, rows }: RawResult,
  targets: readonly VariableRef[] | undefined,
  settings: ResultSettings,
): number {
  if (columns.length === 0) return FOUND;
  const [row] = rows;
  if (row === undefined) return NOTHING;
  for (const [i, value] of row.entries()) {
    const put = scriptValue(value, settings);
    const target = targets?.[i];
    if (targets === undefined) {
      if (!m.avps.push(String(i + 1), put)) return FAULT;
    } else if (target === undefined) {
      m.program.log(
        'error',
        `sqlops: ${row.length} columns, and ${targets.length} variables`,
        m.message.callId,
      );
      return FAULT;
    } else if (!target.set(m, put)) return FAULT;
  }
  return FOUND;
}
