/** What both encodings of the ng protocol can say. Text is a byte string; dictionaries have no prototype once read. */
export type NgValue = string | number | readonly NgValue[] | NgDictionary;

export interface NgDictionary {
  readonly [key: string]: NgValue;
}

/** Deeper than any message of rtpengine: what nests further is not read. */
export const DEEPEST = 32;

/** An empty dictionary in which every key, `__proto__` too, is like any other. */
export function emptyDictionary(): Record<string, NgValue> {
  return Object.create(null) as Record<string, NgValue>;
}

export function isDictionary(value: NgValue | undefined): value is NgDictionary {
  return typeof value === 'object' && !Array.isArray(value);
}
