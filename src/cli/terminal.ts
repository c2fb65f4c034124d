import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Colours text for a stream; plain where it is no terminal, or NO_COLOR asks for that. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream });
}

/** Rows of texts in columns that line up; `head` is printed dim above them. */
export function table(rows: readonly (readonly string[])[], head?: readonly string[]): string {
  const all = head ? [head, ...rows] : rows;
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  if (head) lines[0] = paint('dim', lines[0]!);
  return lines.join('\n');
}

/** Text of strangers, as a contact or a User-Agent, without what a terminal would take for orders. */
export function harmless(text: string): string {
  return text.replaceAll(/(?!\n)[\p{Cc}\p{Cf}]/gu, '\ufffd');
}

export function indent(text: string, by = 2): string {
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(by));
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One fault for a person: what is wrong, and what to do. */
export function complain(message: string, hint?: string): void {
  const { stderr } = process;
  stderr.write(`${paint('red', 'viaduct:', stderr)} ${message}\n`);
  if (hint) stderr.write(`${paint('dim', '  hint:', stderr)} ${hint}\n`);
}
