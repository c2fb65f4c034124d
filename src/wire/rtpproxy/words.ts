/** @returns what stands between blanks and line ends, as few as `most` and the rest left out */
export function splitWords(text: string, most: number): string[] {
  const words: string[] = [];
  let at = 0;
  while (words.length < most) {
    while (at < text.length && isSeparator(text.charCodeAt(at))) at++;
    if (at >= text.length) break;
    let end = at + 1;
    while (end < text.length && !isSeparator(text.charCodeAt(end))) end++;
    words.push(text.slice(at, end));
    at = end;
  }
  return words;
}

/** Whether it can stand in a command as one word. A NUL would end it early, in a daemon that is written in C. */
export function isWord(text: string): boolean {
  if (text === '' || text === '&&') return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (isSeparator(c) || c === 0 || c > 0xff) return false;
  }
  return true;
}

function isSeparator(c: number): boolean {
  return c === 0x20 || c === 0x09 || c === 0x0d || c === 0x0a;
}
