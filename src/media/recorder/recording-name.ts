import { createHash } from 'node:crypto';

/** What file systems take as one name, less room for a number and an ending. */
const LONGEST = 200;

/**
 * A name that stands for `text` in a directory, and for nothing else: letters, digits and `-._@=+` stay, everything
 * else becomes `%XX`, and so does a leading dot, so that no text leads out of the directory or hides in it. What is too
 * long is cut and ends in a hash of the whole.
 * @param text a byte string, as a Call-ID is
 */
export function cleanName(text: string): string {
  let name = '';
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i) & 0xff;
    name += isClean(c, i) ? String.fromCharCode(c) : `%${c.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  if (name === '') return '%';
  if (name.length <= LONGEST) return name;
  const hash = createHash('sha256').update(text, 'latin1').digest('hex').slice(0, 32);
  return `${name.slice(0, LONGEST - hash.length - 1)}~${hash}`;
}

function isClean(c: number, position: number): boolean {
  if (c === 0x2e) return position > 0;
  if (c >= 0x30 && c <= 0x39) return true;
  const letter = c | 0x20;
  if (letter >= 0x61 && letter <= 0x7a && c >= 0x41) return true;
  return c === 0x2d || c === 0x5f || c === 0x40 || c === 0x3d || c === 0x2b;
}
