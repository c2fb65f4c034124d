import { fromByteString } from '../../../../wire/sip/text.ts';

/** A step of a path: a key of an object, a place in an array, or behind its end. */
export type Step = { readonly key: string } | { readonly index: number } | { readonly append: true };

/** What `$json(…)` names: a variable, the way into it, and whether its keys or values are meant. */
export interface JsonPath {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly of: 'value' | 'keys' | 'values';
}

const MOST_STEPS = 64;

/** @returns undefined for what is no path, such as an index that is no number */
export function parsePath(written: string): JsonPath | undefined {
  const text = fromByteString(written);
  const suffix = text.endsWith('.keys') ? 'keys' : text.endsWith('.values') ? 'values' : undefined;
  const end = suffix === undefined ? text.length : text.length - suffix.length - 1;
  let at = stepStart(text, 0, end);
  const name = text.slice(0, at);
  const steps: Step[] = [];
  while (at < end) {
    if (steps.length === MOST_STEPS) return undefined;
    if (text[at] === '/') {
      const next = stepStart(text, at + 1, end);
      steps.push({ key: text.slice(at + 1, next) });
      at = next;
      continue;
    }
    const close = text.indexOf(']', at);
    if (close < 0 || close >= end) return undefined;
    const inner = text.slice(at + 1, close);
    if (inner === '') steps.push({ append: true });
    else if (/^-?\d{1,9}$/.test(inner)) steps.push({ index: Number(inner) });
    else return undefined;
    at = close + 1;
    if (at < end && text[at] !== '/' && text[at] !== '[') return undefined;
  }
  return name === '' ? undefined : { name, steps, of: suffix ?? 'value' };
}

function stepStart(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && text[at] !== '/' && text[at] !== '[') at++;
  return at;
}
