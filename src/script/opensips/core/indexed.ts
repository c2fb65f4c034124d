import type { Index } from '../frame/variable.ts';
import { textOf, type Value } from '../value.ts';

/** One of several values, by an index as scripts write it: from 0, or -1 for the last; `*` for all with commas between. */
export function pick(values: readonly Value[], index: Index, between = ','): Value {
  if (index === '*') return values.length === 0 ? null : values.map((it) => textOf(it) ?? '').join(between);
  if (index === 'append') return null;
  const at = index ?? 0;
  return values[at < 0 ? values.length + at : at] ?? null;
}
