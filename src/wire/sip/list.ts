/**
 * Splits a header value at its commas, those inside quoted strings and angle brackets apart (RFC 3261 §7.3.1).
 * @param most stop behind that many elements
 * @returns start and end of each element in turn, blanks and folds round it left out; empty elements are left out
 */
export function splitList(bytes: Uint8Array, start: number, end: number, most = 4096): number[] {
  const bounds: number[] = [];
  let from = start;
  let quoted = false;
  let angled = false;
  for (let at = start; at <= end; at++) {
    const c = at < end ? bytes[at]! : 0x2c;
    if (quoted && at < end) {
      if (c === 0x5c) at++;
      else if (c === 0x22) quoted = false;
    } else if (angled && at < end) {
      if (c === 0x3e) angled = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x3c) angled = true;
    else if (c === 0x2c) {
      let first = from;
      let last = Math.min(at, end);
      while (first < last && bytes[first]! <= 0x20) first++;
      while (last > first && bytes[last - 1]! <= 0x20) last--;
      if (last > first) {
        bounds.push(first, last);
        if (bounds.length >= most * 2) return bounds;
      }
      from = at + 1;
    }
  }
  return bounds;
}
