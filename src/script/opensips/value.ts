/**
 * Text that is a number too (`$rp`, `$dp`): it joins and prints as text, and compares with both. A number that a variable
 * holds has the same two faces, but counts as a number first.
 */
export class NumericText {
  readonly text: string;
  readonly number: number;

  constructor(text: string, number: number) {
    this.text = text;
    this.number = number;
  }
}

/** What a script variable holds: a byte string, a signed 32-bit integer, or nothing. */
export type Value = string | number | NumericText | null;

/** How NULL is written in formats and logs. */
export const NULL_TEXT = '<null>';

/** The text of a value as a format prints it. */
export function printed(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return NULL_TEXT;
  return typeof value === 'number' ? String(value) : value.text;
}

/** The text face of a value; undefined for NULL. */
export function textOf(value: Value): string | undefined {
  if (typeof value === 'string') return value;
  if (value === null) return undefined;
  return typeof value === 'number' ? String(value) : value.text;
}

/** The number face of a value; undefined for text without one, and for NULL. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === 'number') return value;
  return value instanceof NumericText ? value.number : undefined;
}

/** A number as the script sees it: C's `int`. */
export function toInt(value: number): number {
  return value | 0;
}

/** Zero, the empty text and NULL are false; everything else is true. */
export function isTrue(value: Value): boolean {
  if (typeof value === 'string') return value !== '';
  if (value === null) return false;
  return typeof value === 'number' ? value !== 0 : value.text !== '';
}
