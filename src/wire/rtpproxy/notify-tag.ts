/** A notify tag as it stands in a command: bytes that would end or split it as `%XX`. */
export function escapeTag(tag: string): string {
  let out = '';
  for (const c of tag) {
    const code = c.charCodeAt(0);
    const plain = code > 0x20 && code < 0x7f && c !== '%' && c !== '&';
    out += plain ? c : `%${code.toString(16).padStart(2, '0')}`;
  }
  return out;
}

/** @returns undefined for escapes that are none, and for line breaks, which would be a second notification */
export function unescapeTag(text: string): string | undefined {
  let out = '';
  for (let at = 0; at < text.length; at++) {
    const c = text.charAt(at);
    if (c !== '%') {
      out += c;
      continue;
    }
    const high = hexDigit(text.charCodeAt(at + 1));
    const low = hexDigit(text.charCodeAt(at + 2));
    const byte = high * 16 + low;
    if (high < 0 || low < 0 || byte === 0x0a || byte === 0x0d || byte === 0) return undefined;
    out += String.fromCharCode(byte);
    at += 2;
  }
  return out;
}

function hexDigit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const letter = c | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
