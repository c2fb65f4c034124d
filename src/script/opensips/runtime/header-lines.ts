import { isToken } from '../../../wire/sip/text.ts';

/**
 * Header lines as a script writes them: `Name: value\r\n`, one or several, folded or not.
 * @returns each without its end; undefined where something is no header, or would end the headers
 */
export function headerLines(text: string): readonly string[] | undefined {
  const lines: string[] = [];
  for (const line of text.replace(/(?:\r?\n)+$/, '').split(/\r\n|\n/)) {
    if (/^[ \t]/.test(line) && lines.length > 0) lines.push(`${lines.pop()} ${line.trim()}`);
    else lines.push(line);
  }
  return lines.every(isHeader) ? lines : undefined;
}

function isHeader(line: string): boolean {
  const colon = line.indexOf(':');
  return colon > 0 && isToken(line.slice(0, colon).trimEnd()) && !/[\r\n\0]/.test(line);
}

/** Name and value of a line. */
export function splitHeader(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}
