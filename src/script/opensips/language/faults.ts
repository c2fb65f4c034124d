import type { Problem } from '../../script-module.ts';
import type { SourceText } from './source-text.ts';

/** Something wrong, or worth a word, in a script; `start` is a place in the source text. */
export interface Finding {
  readonly start: number;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** More would not be read by anybody. */
const MOST = 100;

/** Collects what is wrong with a script, and what is only worth a notice. */
export class Faults {
  readonly source: SourceText;
  readonly #errors: Finding[] = [];
  readonly #notices: Finding[] = [];

  constructor(source: SourceText) {
    this.source = source;
  }

  get failed(): boolean {
    return this.#errors.length > 0;
  }

  error(start: number, message: string, hint?: string): void {
    add(this.#errors, { start, message, hint });
  }

  hasErrorAt(start: number): boolean {
    return this.#errors.some((it) => it.start === start);
  }

  notice(start: number, message: string, hint?: string): void {
    add(this.#notices, { start, message, hint });
  }

  get errors(): readonly Problem[] {
    return this.#placed(this.#errors);
  }

  get notices(): readonly Problem[] {
    return this.#placed(this.#notices);
  }

  #placed(findings: readonly Finding[]): readonly Problem[] {
    return findings
      .toSorted((a, b) => a.start - b.start)
      .map(({ start, message, hint }) => ({
        ...this.source.place(start),
        text: this.source.lineAt(start),
        message,
        ...(hint === undefined ? {} : { hint }),
      }));
  }
}

function add(findings: Finding[], finding: Finding): void {
  const known = findings.some(({ start, message }) => start === finding.start && message === finding.message);
  if (!known && findings.length < MOST) findings.push(finding);
}
