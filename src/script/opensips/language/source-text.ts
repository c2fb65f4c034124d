import { fromByteString } from '../../../wire/sip/text.ts';
import type { Position } from '../../fault-position.ts';

/** A stretch of the text that came from one file without a break. */
export interface Stretch {
  /** Where it begins in the whole text. */
  readonly start: number;
  readonly file: string;
  /** The line of the file that it begins on, from 1. */
  readonly line: number;
}

/**
 * The text of a script with everything it includes, as one byte string that knows where each of its characters was
 * written.
 */
export class SourceText {
  readonly text: string;
  /** Sorted by their start. */
  readonly stretches: readonly Stretch[];

  constructor(text: string, stretches: readonly Stretch[]) {
    this.text = text;
    this.stretches = stretches;
  }

  static of(text: string, file: string): SourceText {
    return new SourceText(text, [{ start: 0, file, line: 1 }]);
  }

  get files(): readonly string[] {
    return [...new Set(this.stretches.map(({ file }) => file))];
  }

  /** Line and column count from 1; a column is a character as people see it. */
  place(offset: number): Position {
    const stretch = this.#stretchAt(offset);
    const before = this.text.slice(stretch.start, offset);
    const lineStart = before.lastIndexOf('\n') + 1;
    const line = stretch.line + count(before, '\n');
    return { file: stretch.file, line, column: fromByteString(before.slice(lineStart)).length + 1 };
  }

  /** The line that the character at `offset` stands on, as text. */
  lineAt(offset: number): string {
    const start = this.text.lastIndexOf('\n', offset - 1) + 1;
    const end = this.text.indexOf('\n', offset);
    return fromByteString(this.text.slice(start, end < 0 ? this.text.length : end));
  }

  #stretchAt(offset: number): Stretch {
    let low = 0;
    let high = this.stretches.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.stretches[middle]!.start <= offset) low = middle;
      else high = middle - 1;
    }
    return this.stretches[low]!;
  }
}

function count(text: string, wanted: string): number {
  let found = 0;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) found++;
  return found;
}
