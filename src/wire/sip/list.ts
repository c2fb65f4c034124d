/**
 * Splits a header value at its commas, those inside quoted strings and angle brackets apart (RFC 3261 §7.3.1).
 * @param most stop behind that many elements
 * @returns start and end of each element in turn, blanks and folds round it left out; empty elements are left out
 */
export function splitList(bytes: Uint8Array, start: number, end: number, most = 4096): number[] {
  // Most lists have one element: an array that is written whole has room for its two numbers and no more.
  let bounds: number[] | undefined;
  let from = start;
  while (from < end && (bounds === undefined || bounds.length < most * 2)) {
    const comma = elementEnd(bytes, from, end);
    let first = from;
    let last = comma;
    while (first < last && bytes[first]! <= 0x20) first++;
    while (last > first && bytes[last - 1]! <= 0x20) last--;
    if (last > first) {
      if (bounds === undefined) bounds = [first, last];
      else bounds.push(first, last);
    }
    from = comma + 1;
  }
  return bounds ?? [];
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
