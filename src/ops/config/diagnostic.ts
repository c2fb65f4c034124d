import { readFileSync } from 'node:fs';

/** Something wrong in a file, with its place. Lines and columns count from 1. */
export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string | undefined;
  /** The line itself, where the file does not hold it as it was read. */
  readonly text?: string | undefined;
}

/** All of them, each with the line of its file where that can be read. */
export function diagnosticsText(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map((it) => diagnosticText(it, sourceOf(it.file))).join('\n');
}

function sourceOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** `file:line:column: message`, the line with a caret below it, and the hint. */
export function diagnosticText(diagnostic: Diagnostic, source: string | undefined): string {
  const { file, line, column, message, hint, text } = diagnostic;
  const lines = [`${file}:${line}:${column}: ${message}`];
  const written = (text ?? source?.split('\n')[line - 1])?.trimEnd();
  if (written) {
    const gutter = String(line);
    lines.push(`  ${gutter} | ${written}`);
    // Tabs are kept, so that the caret stands where the terminal puts the character.
    const before = written.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
    lines.push(`  ${' '.repeat(gutter.length)} | ${before}^`);
  }
  if (hint) lines.push(`  hint: ${hint}`);
  return lines.join('\n');
}
