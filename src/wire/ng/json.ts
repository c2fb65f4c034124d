import { fromByteString, toByteString } from '../sip/text.ts';
import { DEEPEST, emptyDictionary, type NgValue } from './value.ts';

/** @param text a byte string, UTF-8 inside. @returns undefined for what is no JSON, or nests too deep */
export function parseJson(text: string): NgValue | undefined {
  try {
    return read(JSON.parse(fromByteString(text)), 0);
  } catch {
    return undefined;
  }
}

/** @returns the value as a byte string, UTF-8 inside; bytes that are no UTF-8 become characters of their own */
export function printJson(value: NgValue): string {
  return toByteString(JSON.stringify(write(value)));
}

/** bencode has neither truth nor nothing: both are read as what rtpengine would say there. */
function read(value: unknown, depth: number): NgValue | undefined {
  if (typeof value === 'string') return toByteString(value);
  // Plus 0, for a negative zero would not be written again.
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : undefined;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (value === null || typeof value !== 'object') return '';
  if (depth === DEEPEST) return undefined;
  const entries: [string, unknown][] = Object.entries(value);
  const dictionary = emptyDictionary();
  const list: NgValue[] = [];
  for (const [key, entry] of entries) {
    const inner = read(entry, depth + 1);
    if (inner === undefined) return undefined;
    list.push(inner);
    dictionary[toByteString(key)] = inner;
  }
  return Array.isArray(value) ? list : dictionary;
}

function write(value: NgValue): unknown {
  if (typeof value === 'string') return fromByteString(value);
  if (typeof value === 'number') return value;
  if (Array.isArray(value)) return value.map(write);
  const dictionary = Object.create(null) as Record<string, unknown>;
  for (const [key, entry] of Object.entries(value)) dictionary[fromByteString(key)] = write(entry);
  return dictionary;
}
