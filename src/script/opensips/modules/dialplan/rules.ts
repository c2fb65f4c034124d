import { RE2JS } from 're2js';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import type { TimeTest } from '../../time/recurrence-expression.ts';
import { textOf } from '../../value.ts';

/** One row of the table. */
export interface DialplanRule {
  readonly id: number;
  /** The least is the first. */
  readonly priority: number;
  readonly match: (input: string) => boolean;
  readonly byText: boolean;
  readonly substitute: RE2JS | undefined;
  readonly replacement: string;
  readonly when: TimeTest | undefined;
  readonly attrs: string;
}

/** What a rule makes of a text. */
export interface Translation {
  /** Undefined where the rule only looks. */
  readonly output: string | undefined;
  readonly attrs: string;
}

/** A Perl expression; undefined where it cannot be read, or does what takes time without end. */
export function perlPattern(text: string, anyCase: boolean): RE2JS | undefined {
  try {
    return RE2JS.compile(text, anyCase ? RE2JS.CASE_INSENSITIVE : 0);
  } catch {
    return undefined;
  }
}

/** The rules of one dialplan: of those that match by text and those by expression the first of each counts. */
export class Dialplan {
  readonly #byText: DialplanRule[] = [];
  readonly #byPattern: DialplanRule[] = [];

  add(rule: DialplanRule): void {
    const rules = rule.byText ? this.#byText : this.#byPattern;
    const at = rules.findIndex((it) => isBefore(rule, it));
    rules.splice(at < 0 ? rules.length : at, 0, rule);
  }

  /** The rule for a text. @param wallMs ms since 1970 */
  find(input: string, wallMs: number): DialplanRule | undefined {
    const fits = (it: DialplanRule) => (it.when === undefined || it.when(wallMs)) && it.match(input);
    const text = this.#byText.find(fits);
    const pattern = this.#byPattern.find(fits);
    if (text === undefined || pattern === undefined) return text ?? pattern;
    return isBefore(pattern, text) ? pattern : text;
  }
}

function isBefore(one: DialplanRule, other: DialplanRule): boolean {
  return one.priority < other.priority || (one.priority === other.priority && one.id < other.id);
}

/**
 * What a rule makes of a text.
 * @param m for variables in the replacement; undefined where there is no message
 * @returns undefined where its expression does not fit
 */
export function translate(
  { substitute, replacement, attrs }: DialplanRule,
  input: string,
  m: ScriptMessage | undefined,
): Translation | undefined {
  if (replacement === '') return { output: undefined, attrs };
  if (substitute === undefined) return { output: replacement, attrs };
  const matcher = substitute.matcher(input);
  if (!matcher.find()) return undefined;
  const output = replacement.replace(
    /\\(\d)|\$(?:\([^)]*\)|[A-Za-z_]\w*(?:\([^)]*\))?)/g,
    (all, group?: string) => {
      if (group !== undefined)
        return Number(group) <= matcher.groupCount() ? (matcher.group(Number(group)) ?? '') : '';
      return m === undefined ? '' : (textOf(m.program.evaluate(m, all)) ?? '');
    },
  );
  return { output, attrs };
}
