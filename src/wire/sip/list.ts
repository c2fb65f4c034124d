/** Where an element of a list stands. */
export interface ElementBounds {
  start: number;
  end: number;
}

/** The element that {@link scanElement} found: one for all who ask, read before the next scan. */
export const element: ElementBounds = { start: 0, end: 0 };

/**
 * Finds the next element of a header value (RFC 3261 §7.3.1), blanks and folds round it left out, in {@link element}: values
 * are split at their commas, those inside quoted strings and angle brackets apart. Empty elements are passed over.
 * @returns where to look for the one behind it; -1 where there is none at or behind `from`
 */
export function scanElement(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const comma = elementEnd(bytes, at, end);
    let first = at;
    let last = comma;
    while (first < last && bytes[first]! <= 0x20) first++;
    while (last > first && bytes[last - 1]! <= 0x20) last--;
    at = comma + 1;
    if (last === first) continue;
    element.start = first;
    element.end = last;
    return at;
  }
  return -1;
}

/** @returns where the comma behind the element stands, or `end`; quotes and brackets that never close reach to the end */
function elementEnd(bytes: Uint8Array, from: number, end: number): number {
  let quoted = false;
  let angled = false;
  for (let at = from; at < end; at++) {
    const c = bytes[at]!;
    if (quoted) {
      if (c === 0x5c) at++;
      else if (c === 0x22) quoted = false;
    } else if (angled) {
      if (c === 0x3e) angled = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x3c) angled = true;
    else if (c === 0x2c) return at;
  }
  return end;
}
