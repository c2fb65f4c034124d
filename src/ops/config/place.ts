/** Where something stands in a text; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Keys and indices from the root of a configuration to one of its values. */
export type ConfigPath = readonly PropertyKey[];

/** A configuration as it was read, before it is checked, that knows where its values stand. */
export interface ConfigSource {
  readonly file: string;
  readonly text: string;
  readonly value: unknown;
  /** @param what the value itself, or its key */
  placeOf(path: ConfigPath, what: 'value' | 'key'): Place;
}

/** The place of the character at `offset`. */
export function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}
